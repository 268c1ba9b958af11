"""Serializer fields that take the JSON type they are of and no other: no "1" for 1, no 1 for true, no 5 for "5"."""

from typing import Any, ClassVar

from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db import models
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import empty
from rest_framework.settings import api_settings
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from loctelli.api.parsers import is_storable_text
from loctelli.database.fields import normalize_email
from loctelli.shapes import Shape, nested, openapi


class CharField(serializers.CharField):
    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        others = [found for found in self.validators if not isinstance(found, tuple(map(type, CHARACTERS)))]
        self.validators = [check_characters, *others]
        self.is_bounded_alone = [type(found) for found in others] == [MaxLengthValidator]

    def run_validation(self, data=empty):
        if type(data) is not str or self.read_only:
            return super().run_validation(data)
        # What Django REST framework does with text, without looking for what else it may be.
        if not (data.strip() if self.trim_whitespace else data):
            return "" if self.allow_blank else self.fail("blank")
        value = self.to_internal_value(data)
        if not (self.is_bounded_alone and len(value) <= self.max_length and is_storable_text(value)):
            self.run_validators(value)
        return value

    def to_internal_value(self, data) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data.strip() if self.trim_whitespace else data


# Django REST framework's own, which look at each character by itself.
CHARACTERS = (ProhibitNullCharactersValidator(), ProhibitSurrogateCharactersValidator())


def check_characters(text: str) -> None:
    """Refuse what PostgreSQL can't store, as `CHARACTERS` do."""
    if not is_storable_text(text):
        for validator in CHARACTERS:
            validator(text)


class EmailField(CharField, serializers.EmailField):
    """An e-mail address."""


class AccountEmailField(EmailField):
    """The address of an account, in its one normal form, however it was written."""

    def to_internal_value(self, data) -> str:
        return normalize_email(super().to_internal_value(data))


class URLField(CharField, serializers.URLField):
    """An address on the web."""


class IntegerField(serializers.IntegerField):
    def to_internal_value(self, data) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class FloatField(serializers.FloatField):
    def to_internal_value(self, data) -> float:
        if not isinstance(data, int | float) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class BooleanField(serializers.BooleanField):
    def to_internal_value(self, data) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class ChoiceField(serializers.ChoiceField):
    def to_internal_value(self, data):
        if not isinstance(data, bool) and any(
            data == choice and type(data) is _json_type(choice) for choice in self.choices
        ):
            return data
        return self.fail("invalid_choice", input=data)


def _json_type(choice) -> type:
    return int if isinstance(choice, int) else str


class DateTimeField(serializers.DateTimeField):
    default_error_messages = {"overflow": "This time is out of range."}

    def to_internal_value(self, value):
        if not isinstance(value, str):
            self.fail("invalid", format="YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]")
        try:
            return super().to_internal_value(value)
        except OverflowError:
            self.fail("overflow")


@extend_schema_field({"type": "object", "additionalProperties": {}})
class JSONObjectField(serializers.JSONField):
    """A JSON object: what a jsonb column holds unless a serializer says otherwise."""

    default_error_messages = {"not_an_object": "Must be a JSON object."}

    def to_internal_value(self, data) -> dict:
        if not isinstance(data, dict):
            self.fail("not_an_object")
        return data


@extend_schema_field({"type": "array", "items": {}})
class JSONArrayField(serializers.JSONField):
    """A JSON array."""

    default_error_messages = {"not_an_array": "Must be a JSON array."}

    def to_internal_value(self, data) -> list:
        if not isinstance(data, list):
            self.fail("not_an_array")
        return data


@extend_schema_field({"oneOf": [{"type": "object", "additionalProperties": {}}, {"type": "array", "items": {}}]})
class JSONContainerField(serializers.JSONField):
    """A JSON object or array, as the column's older and newer shapes are."""

    default_error_messages = {"not_a_container": "Must be a JSON object or array."}

    def to_internal_value(self, data) -> dict | list:
        if not isinstance(data, dict | list):
            self.fail("not_a_container")
        return data


class Shaped:
    """Before a JSON field: holds what comes in to a shape, and documents it."""

    shape: ClassVar[Shape]

    def __init_subclass__(cls, **kwargs) -> None:
        super().__init_subclass__(**kwargs)
        extend_schema_field(openapi(cls.shape.schema))(cls)

    def to_internal_value(self, data):
        data = super().to_internal_value(data)
        faults = self.shape.faults(data)
        if faults:
            raise serializers.ValidationError(
                nested(
                    faults, lambda fault: ErrorDetail(fault.detail, code=fault.code), api_settings.NON_FIELD_ERRORS_KEY
                )
            )
        return data


class RelatedField(serializers.PrimaryKeyRelatedField):
    """The id of another row, found through its model's own manager.

    What the manager hides is answered like what does not exist.
    """

    default_error_messages = {
        "does_not_exist": "There is no such thing to refer to.",
        "incorrect_type": "Must be an id.",
    }

    def is_key(self, data: Any) -> bool:
        """Return whether data is of the type that the other row's keys are of."""
        return type(data) is (str if isinstance(self.queryset.model._meta.pk, models.CharField) else int)

    def to_internal_value(self, data):
        if not self.is_key(data):
            self.fail("incorrect_type")
        references = self.context.get("references")
        if references is not None:
            found = references.get(self, data)
        elif (view := self.context.get("view")) is not None:
            found = view.referred_to(self.queryset.model, data)
        else:
            return super().to_internal_value(data)
        return found if found is not None else self.fail("does_not_exist", pk_value=data)
