"""What belongs to a person or strategy, and how it gets a new owner instead of going along when that one is deleted."""

from django.db import models, transaction

from loctelli.errors import Conflict, StillReferenced
from tenants.deletion import on_delete, references_to, what_goes_along


class SameOwner(Conflict):
    """Things can't be reassigned to the one they belong to."""

    code = "same_owner"
    detail = "They belong to this one already."


@transaction.atomic
def reassign(owner: models.Model, *, to: models.Model) -> dict[str, int]:
    """Give everything that would go along with `owner` to another row of its model and sub-account.

    Returns how many rows of which table moved; raises SameOwner.
    """
    if owner.pk == to.pk:
        raise SameOwner
    counts = {
        reference.model._meta.db_table: reference.model._default_manager.filter(**{reference.name: owner}).update(
            **{reference.name: to}
        )
        for reference in references_to(type(owner))
        if on_delete(reference) is models.CASCADE
    }
    return {table: count for table, count in counts.items() if count}


def delete_unless_owning(owner: models.Model, *, cascade: bool) -> None:
    """Delete a row; raise StillReferenced with counts when others would go along and `cascade` doesn't say they may."""
    if not cascade and (goes_along := what_goes_along([owner]).goes_along):
        raise StillReferenced(
            "Other things belong to this and would be deleted along: reassign them, deactivate this instead, "
            "or repeat with ?cascade=true.",
            counts={count.model._meta.db_table: count.number for count in goes_along},
        )
    owner.delete()
