"""What bodies refer to, gathered to be looked up all at once; a serializer alone asks for each id of each body."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from rest_framework import serializers

from loctelli.api.fields import RelatedField


class References:
    """Rows that bodies refer to; in a serializer's context as `references` its related fields look nowhere else."""

    def __init__(self) -> None:
        self.rows: dict[type[models.Model], dict[Any, models.Model]] = {}

    def look_up(self, serializer: serializers.Serializer, bodies: Iterable[Any]) -> None:
        """Look up what these bodies refer to, one statement for each model that they do."""
        for model, keys in keys_in(serializer, bodies).items():
            found = model._default_manager.only("pk").in_bulk(keys - self.rows.get(model, {}).keys())
            self.rows.setdefault(model, {}).update(found)

    def get(self, field: RelatedField, key: Any) -> models.Model | None:
        """Return the row that a field means by a key, None when there is none that may be seen."""
        return self.rows.get(field.queryset.model, {}).get(key)


def keys_in(serializer: Any, bodies: Iterable[Any]) -> dict[type[models.Model], set[Any]]:
    """Return the keys of what bodies refer to, nested ones too, by model."""
    found: dict[type[models.Model], set[Any]] = {}
    referring = serializer.referring
    for body in bodies:
        for name in referring if isinstance(body, Mapping) else ():
            if name not in body:
                continue
            field, value = serializer.fields[name], body[name]
            if isinstance(field, serializers.Serializer):
                for model, keys in keys_in(field, [value]).items():
                    found.setdefault(model, set()).update(keys)
            elif field.is_key(value):
                found.setdefault(field.queryset.model, set()).add(value)
    return found
