"""What belongs to a person or strategy, and how it gets a new owner instead of going along when that one is deleted."""

from collections.abc import Iterator

from django.apps import apps
from django.db import models, transaction

from loctelli.database.fields import ForeignKey
from loctelli.errors import DomainError, StillReferenced
from tenants.access import Access


class SameOwner(DomainError):
    """Things can't be reassigned to the one they belong to."""

    code = "same_owner"
    status = 409
    detail = "They belong to this one already."


def belongings(model: type[models.Model]) -> Iterator[ForeignKey]:
    """Yield the references whose rows PostgreSQL deletes along with what they point at."""
    for referrer in apps.get_models():
        for field in referrer._meta.local_fields:
            if (
                isinstance(field, ForeignKey)
                and field.related_model is model
                and field.database_on_delete is models.CASCADE
                and getattr(referrer, "access", None) == Access.TENANT
            ):
                yield field


def count_belongings(owner: models.Model) -> dict[str, int]:
    """Return how many rows of which table would go along with this one; tables without any are left out."""
    counts = {
        field.model._meta.db_table: field.model._default_manager.filter(**{field.name: owner}).count()
        for field in belongings(type(owner))
    }
    return {table: count for table, count in counts.items() if count}


@transaction.atomic
def reassign(owner: models.Model, *, to: models.Model) -> dict[str, int]:
    """Give everything that would go along with `owner` to another row of its model and sub-account.

    Returns how many rows of which table moved; raises SameOwner.
    """
    if owner.pk == to.pk:
        raise SameOwner
    counts = {
        field.model._meta.db_table: field.model._default_manager.filter(**{field.name: owner}).update(
            **{field.name: to}
        )
        for field in belongings(type(owner))
    }
    return {table: count for table, count in counts.items() if count}


def delete_unless_owning(owner: models.Model, *, cascade: bool) -> None:
    """Delete a row; raise StillReferenced with counts when others would go along and `cascade` doesn't say they may."""
    counts = {} if cascade else count_belongings(owner)
    if counts:
        raise StillReferenced(
            "Other things belong to this and would be deleted along: reassign them, deactivate this instead, "
            "or repeat with ?cascade=true.",
            counts=counts,
        )
    owner.delete()
