"""A serializer's fields: worked out once for all serializers of a kind, and shared by them as far as that goes."""

import copy
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.utils.serializer_helpers import BindingDict

from loctelli.api.fields import RelatedField

REFERRING = (RelatedField, serializers.Serializer)
# Fields that ask the serializer they are bound to for something of its own.
OWNED = (serializers.RelatedField, serializers.BaseSerializer, serializers.SerializerMethodField)


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
