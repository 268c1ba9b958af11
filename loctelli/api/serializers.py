"""Serializers: one declares the shape of a resource, what may be written, and what may be included beside it."""

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from rest_framework import serializers
from rest_framework.fields import SkipField, empty, get_error_detail
from rest_framework.validators import UniqueValidator

from loctelli.api import fields
from loctelli.api.shared_fields import Prototypes, SharedFields, referring
from loctelli.database.fields import AccountEmailField

# Longest text the API takes: for one-line columns (CharField) and for long ones (TextField), unless Meta.max_lengths
# says otherwise; the database sets no limit. Longest array.
SHORT, LONG, ITEMS = 255, 50_000, 100

# The serializer that represents each model wherever it is included.
resources: dict[type[models.Model], type["ModelSerializer"]] = {}


class Strict(serializers.Serializer):
    """Refuses fields that are unknown or can't be written, by name."""

    default_error_messages = {
        "invalid": "Must be a JSON object.",
        "unknown_field": "There is no such field.",
        "read_only": "This field can't be written.",
    }

    @property
    def referring(self) -> Sequence[str]:
        """Names of the fields by which a body refers to other rows, itself or in a body within it."""
        return referring(self.fields)

    def to_internal_value(self, data):
        refused = self._refused(data) if isinstance(data, Mapping) else {}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({**error.detail, **refused}) from None
        if refused:
            raise serializers.ValidationError(refused)
        return value

    def _refused(self, data: Mapping) -> dict[str, list]:
        return {
            name: [self._refusal("read_only" if name in self.fields else "unknown_field")]
            for name in data
            if name not in self.fields or self.fields[name].read_only
        }

    def _refusal(self, code: str) -> serializers.ErrorDetail:
        return serializers.ErrorDetail(self.error_messages[code], code=code)


class Serializer(Strict):
    """A body or answer that is no model's row."""


class ModelSerializer(Strict, serializers.ModelSerializer):
    """A model's row as the API shows and takes it.

    A foreign key is named by its column (`strategy_id`). Constraints are left to PostgreSQL, which settles races, too.

    Meta, beside Django REST framework's own:
    - includes: names of relations that `?include=` may add;
    - create_only: fields that can be written on creation only;
    - max_lengths: {field: characters} where the default does not fit;
    - columns: {computed field: columns it reads}; without it, it reads all of its row;
    - variant: True for a second serializer of a model, which does not represent it in includes;
    - example: an example of the resource for the documentation.
    """

    # Columns that rows can't do without, whatever is selected.
    always_reads: ClassVar[tuple[str, ...]] = ()
    # Whether nothing else is asked in the transaction once a row is made.
    is_last = False

    serializer_field_mapping: ClassVar = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.BigIntegerField: fields.IntegerField,
        models.IntegerField: fields.IntegerField,
        models.PositiveIntegerField: fields.IntegerField,
        models.PositiveSmallIntegerField: fields.IntegerField,
        models.SmallIntegerField: fields.IntegerField,
        models.FloatField: fields.FloatField,
        models.BooleanField: fields.BooleanField,
        models.CharField: fields.CharField,
        models.TextField: fields.CharField,
        models.EmailField: fields.EmailField,
        AccountEmailField: fields.AccountEmailField,
        models.URLField: fields.URLField,
        models.DateTimeField: fields.DateTimeField,
        models.JSONField: fields.JSONObjectField,
    }
    serializer_related_field = fields.RelatedField
    serializer_choice_field = fields.ChoiceField

    def __init_subclass__(cls, **kwargs) -> None:
        super().__init_subclass__(**kwargs)
        meta = cls.__dict__.get("Meta")
        if meta is None or not hasattr(meta, "model") or meta.__dict__.get("variant", False):
            return
        if meta.model in resources:
            raise ImproperlyConfigured(
                f"{resources[meta.model].__name__} represents {meta.model.__name__} already: "
                f"say variant = True in {cls.__name__}.Meta."
            )
        resources[meta.model] = cls

    # What a selection asks for; all of it is the same for every request.

    @classmethod
    @cache
    def reader(cls) -> "ModelSerializer":
        """Return the one instance whose fields read rows, in every request."""
        return cls()

    @classmethod
    @cache
    def readable(cls) -> tuple[str, ...]:
        """Return the names of the fields an answer has, in order."""
        return tuple(name for name, field in cls.reader().fields.items() if not field.write_only)

    @classmethod
    @cache
    def includes(cls) -> dict[str, type["ModelSerializer"]]:
        """Return the serializers of the relations that can be included."""
        model = cls.Meta.model
        return {
            name: resources[model._meta.get_field(name).related_model] for name in getattr(cls.Meta, "includes", ())
        }

    @classmethod
    @cache
    def reads(cls, name: str) -> tuple[str, ...] | None:
        """Return the columns that a field reads, None when it doesn't say."""
        declared = getattr(cls.Meta, "columns", {})
        if name in declared:
            return tuple(declared[name])
        source = cls.reader().fields[name].source
        try:
            field = cls.Meta.model._meta.get_field(source)
        except FieldDoesNotExist:
            return None
        return (field.name,) if field.concrete else None

    @classmethod
    def of_body(cls, body: Any, *, partial: bool, context: Mapping[str, Any]) -> "ModelSerializer":
        """Return `cls(data=body, …)` without working out again what is the same for each."""
        made = object.__new__(cls)
        made.__dict__.update(cls._prototypes(partial).state, initial_data=body, _context=context)
        return made

    # Building fields.

    def build_field(self, field_name, info, model_class, nested_depth):
        relation = field_name.removesuffix("_id")
        if relation != field_name and relation in info.forward_relations:
            field_class, kwargs = self.build_relational_field(relation, info.forward_relations[relation])
            return field_class, {**kwargs, "source": relation}
        return super().build_field(field_name, info, model_class, nested_depth)

    def build_standard_field(self, field_name, model_field):
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        if kwargs.get("read_only"):
            return field_class, kwargs
        if model_field.has_db_default():
            kwargs["required"] = False
        if model_field.null:
            # One way to say that there is nothing.
            kwargs.pop("allow_blank", None)
        kwargs["validators"] = [
            found for found in kwargs.get("validators", ()) if not isinstance(found, UniqueValidator)
        ]
        if issubclass(field_class, serializers.CharField):
            default = LONG if isinstance(model_field, models.TextField) else SHORT
            kwargs["max_length"] = getattr(self.Meta, "max_lengths", {}).get(
                field_name, kwargs.get("max_length") or default
            )
        if isinstance(model_field, ArrayField):
            kwargs.setdefault("max_length", ITEMS)
        return field_class, kwargs

    @cached_property
    def fields(self):
        """Fields that are worked out once: that takes longer than validating by them."""
        return SharedFields(self, self._prototypes(self.partial))

    def to_internal_value(self, data):
        """As Django REST framework does, without a look for what JSON is not, and for fields that nobody awaits."""
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        fields, values, errors = self.fields, {}, {}
        for name, writable in fields.writable.items():
            if name not in data and not writable.is_awaited:
                continue
            try:
                value = fields[name].run_validation(data.get(name, empty))
                values[writable.source] = getattr(self, writable.validate)(value) if writable.validate else value
            except serializers.ValidationError as error:
                errors[name] = error.detail
            except DjangoValidationError as error:
                errors[name] = get_error_detail(error)
            except SkipField:
                pass
        if not fields.writable.keys() >= data.keys():
            errors |= self._refused(data)
        if errors:
            raise serializers.ValidationError(errors)
        return values

    @property
    def referring(self) -> Sequence[str]:
        return self.fields.referring

    def _read_only_defaults(self):
        # There are none: PostgreSQL and the models have all defaults.
        return {}

    @classmethod
    @cache
    def _prototypes(cls, partial: bool) -> Prototypes:
        first = cls(partial=partial)
        found = super(ModelSerializer, first).get_fields()
        if partial:
            for name in getattr(cls.Meta, "create_only", ()):
                found[name].read_only, found[name].required = True, False
        return Prototypes(found, first)

    def get_uniqueness_extra_kwargs(self, field_names, declared_fields, extra_kwargs):
        return extra_kwargs, {}

    def get_validators(self):
        return list(getattr(self.Meta, "validators", ()))

    # Rows.

    def create(self, validated_data):
        model = self.Meta.model
        return (model.insert_last if self.is_last else model.insert)(**validated_data)

    def update(self, instance, validated_data):
        """Write just what was sent, so that two people's changes to different fields both hold."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        if validated_data:
            instance.save(update_fields=list(validated_data))
        return instance
