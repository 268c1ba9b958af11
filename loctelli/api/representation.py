"""Turns model instances into answers, by a selection: everything that is the same for all rows is done once."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from rest_framework import serializers

from loctelli.api.selection import Selection, included, is_to_many

Read = Callable[[Any], Any]

# What these hold is already what the answer says; the renderer writes times as UTC.
PLAIN = (
    serializers.CharField,
    serializers.IntegerField,
    serializers.FloatField,
    serializers.BooleanField,
    serializers.ChoiceField,
    serializers.DateTimeField,
    serializers.JSONField,
)


class Representation:
    """Represents any number of rows as one selection says."""

    def __init__(self, selection: Selection) -> None:
        fields = selection.serializer.reader().fields
        self.columns = [(name, _read(fields[name])) for name in selection.fields]
        self.to_one, self.to_many = [], []
        for name, child in selection.includes.items():
            if is_to_many(selection.model._meta.get_field(name)):
                self.to_many.append((name, included(name), Representation(child)))
            else:
                self.to_one.append((name, Representation(child)))

    def __call__(self, instance: Any) -> dict[str, Any]:
        row = {name: read(instance) for name, read in self.columns}
        for name, represent in self.to_one:
            related = getattr(instance, name)
            row[name] = None if related is None else represent(related)
        for name, attribute, represent in self.to_many:
            row[name] = [represent(related) for related in getattr(instance, attribute)]
        return row


def _read(field: serializers.Field) -> Read:
    """Return how a field's value is read from an instance."""
    if isinstance(field, serializers.PrimaryKeyRelatedField):
        return attrgetter(f"{field.source}_id")
    if _is_plain(field):
        return attrgetter(field.source)

    def read(instance: Any) -> Any:
        value = field.get_attribute(instance)
        return None if value is None else field.to_representation(value)

    return read


def _is_plain(field: serializers.Field) -> bool:
    return field.source != "*" and any(
        isinstance(field, plain) and type(field).to_representation is plain.to_representation for plain in PLAIN
    )
