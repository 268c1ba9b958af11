"""Serializers: one declares the shape of a resource, what may be written, and what may be included beside it."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Any, ClassVar, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from rest_framework import serializers
from rest_framework.fields import SkipField, empty, get_error_detail
from rest_framework.utils.serializer_helpers import BindingDict
from rest_framework.validators import UniqueValidator

from loctelli.api import fields
from loctelli.database.fields import AccountEmailField

# Longest text the API takes: for one-line columns (CharField) and for long ones (TextField), unless Meta.max_lengths
# says otherwise; the database sets no limit. Longest array.
SHORT, LONG, ITEMS = 255, 50_000, 100

REFERRING = (fields.RelatedField, serializers.Serializer)
# Fields that ask the serializer they are bound to for something of its own.
OWNED = (serializers.RelatedField, serializers.BaseSerializer, serializers.SerializerMethodField)

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
    def _prototypes(cls, partial: bool) -> "Prototypes":
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
        return self.Meta.model.insert(**validated_data)

    def update(self, instance, validated_data):
        """Write just what was sent, so that two people's changes to different fields both hold."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        if validated_data:
            instance.save(update_fields=list(validated_data))
        return instance


class Writable(NamedTuple):
    """A field that can be written: where its value goes, what else validates it, and whether a body has to have it."""

    source: str
    validate: str | None
    is_awaited: bool


class Prototypes:
    """A serializer's fields by name, which of them all serializers share, and what is done with which."""

    def __init__(self, fields: Mapping[str, serializers.Field], serializer: serializers.Serializer) -> None:
        """Take fields and what to bind those to that are shared; it is not used otherwise."""
        self.fields = fields
        # What a new serializer is made of.
        self.state = vars(type(serializer)(partial=serializer.partial))
        self.shared = {name: field for name, field in fields.items() if is_shared(field)}
        for name, field in self.shared.items():
            field.bind(name, serializer)
        self.writable = {
            name: Writable(
                field.source or name,
                f"validate_{name}" if hasattr(serializer, f"validate_{name}") else None,
                field.required or field.default is not empty,
            )
            for name, field in fields.items()
            if not field.read_only
        }
        self.referring = referring(fields)


class SharedFields(BindingDict):
    """Fields by name: most are the same for all serializers, the others copied once somebody asks for them."""

    def __init__(self, serializer: serializers.Serializer, prototypes: Prototypes) -> None:
        super().__init__(serializer)
        self.prototypes, self.writable = prototypes.fields, prototypes.writable
        self.referring = prototypes.referring
        self.fields = prototypes.shared.copy()

    def __getitem__(self, name: str) -> serializers.Field:
        if name not in self.fields:
            self[name] = _copy(self.prototypes[name])
        return self.fields[name]

    def __contains__(self, name: object) -> bool:
        return name in self.prototypes

    def __iter__(self) -> Iterator[str]:
        return iter(self.prototypes)

    def __len__(self) -> int:
        return len(self.prototypes)


def is_shared(field: serializers.Field) -> bool:
    """Return whether a field knows nothing of the request: no other row is looked up by it, and no body kept."""
    if isinstance(field, OWNED) or hasattr(field, "child") or hasattr(field, "child_relation"):
        return False
    return not any(getattr(asks, "requires_context", False) for asks in (field.default, *field.validators))


def referring(fields: Mapping[str, serializers.Field]) -> list[str]:
    """Return the names of the fields by which a body refers to other rows, itself or in a body within it."""
    return [name for name, field in fields.items() if isinstance(field, REFERRING) and not field.read_only]


def _copy(field: serializers.Field) -> serializers.Field:
    """Return a field that can be bound to a serializer; one that others are bound to is made anew, as they are."""
    if isinstance(field, serializers.RelatedField):
        # As copy.copy() does, which first looks for all the other ways to.
        copied = object.__new__(type(field))
        copied.__dict__ |= field.__dict__
        return copied
    made_anew = copy.deepcopy(field)
    made_anew.read_only, made_anew.required = field.read_only, field.required
    return made_anew
