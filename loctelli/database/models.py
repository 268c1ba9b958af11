"""What every table of ours has in common: stamps that hold whichever way a row is written."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models.functions import Now

from loctelli.database.fields import UpdatedAtField
from loctelli.database.writing import PreparedWritesModel


class StampedQuerySet(models.QuerySet):
    """A queryset that stamps `updated_at` on `update()` and, through it, on `bulk_update()`."""

    def update(self, **kwargs: Any) -> int:
        if any(field.name == "updated_at" for field in self.model._meta.local_fields):
            kwargs.setdefault("updated_at", Now())
        return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]


class UpdatedModel(PreparedWritesModel):
    """A row that knows when it was last written."""

    updated_at = UpdatedAtField()

    objects = models.Manager.from_queryset(StampedQuerySet)()

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields:
            update_fields = {*update_fields, "updated_at"}
        elif update_fields is None:
            # A row read in part is saved in part: present, the stamp is one of the parts.
            self.__dict__.setdefault("updated_at", None)
        super().save(*args, update_fields=update_fields, **kwargs)


class StampedModel(UpdatedModel):
    """A row that knows when it was made and last written."""

    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True
