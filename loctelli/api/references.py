"""What many bodies refer to, looked up once each and all at once; a serializer alone asks for each id of each body."""

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
        wanted: dict[type[models.Model], set[Any]] = {}
        self._collect(serializer, list(bodies), wanted)
        for model, keys in wanted.items():
            found = model._default_manager.only("pk").in_bulk(keys - self.rows.get(model, {}).keys())
            self.rows.setdefault(model, {}).update(found)

    def get(self, field: RelatedField, key: Any) -> models.Model | None:
        """Return the row that a field means by a key, None when there is none that may be seen."""
        return self.rows.get(_model_of(field), {}).get(key)

    def _collect(self, serializer: Any, bodies: list[Any], wanted: dict[type[models.Model], set[Any]]) -> None:
        for name, field in serializer.fields.items():
            if field.read_only:
                continue
            values = [body[name] for body in bodies if isinstance(body, Mapping) and name in body]
            if isinstance(field, RelatedField):
                expected = str if isinstance(_model_of(field)._meta.pk, models.CharField) else int
                wanted.setdefault(_model_of(field), set()).update(v for v in values if type(v) is expected)
            elif isinstance(field, serializers.Serializer):
                self._collect(field, values, wanted)


def _model_of(field: RelatedField) -> type[models.Model]:
    return field.queryset.model
