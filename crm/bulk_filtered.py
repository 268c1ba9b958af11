"""All leads that fit a filter, changed or deleted at once: just as many as were counted before, or none."""

from typing import Any

from django.db import models

from crm.models import Lead
from loctelli.errors import Conflict, DomainError, InvalidRequest
from tenants.deletion import Count, Deletion, what_goes_along

# So many a call at most: one transaction, in which they are locked.
MAX_LEADS = 10_000


class CountChanged(Conflict):
    """Other leads fit the filter by now than were counted; nothing was done."""

    code = "count_changed"
    detail = "The filter fits another number of leads by now: count again."


class TooManyLeads(DomainError):
    """More leads fit than one call changes."""

    code = "too_many_leads"
    detail = f"More than {MAX_LEADS:,} leads fit: narrow the filter, for instance by created_at."


def update_leads(leads: models.QuerySet, *, changes: dict[str, Any], expected_count: int) -> int:
    """Set the same values on all of these leads; return their number."""
    keys = _lock(leads, expected_count)
    return Lead.objects.filter(pk__in=keys).update(**changes) if keys else 0


def delete_leads(leads: models.QuerySet, *, expected_count: int) -> tuple[int, Deletion]:
    """Delete all of these leads; return their number, what went along, and what stays without them."""
    keys = _lock(leads, expected_count)
    deletion = what_goes_along(Lead.objects.only("pk").filter(pk__in=keys))
    Lead.objects.filter(pk__in=keys).delete()
    return len(keys), deletion


def count_deletion(leads: models.QuerySet) -> tuple[int, Deletion]:
    """Return what `delete_leads` would; of more leads than it takes, only their number."""
    keys = list(leads.order_by("pk").values_list("pk", flat=True)[: MAX_LEADS + 1])
    if len(keys) > MAX_LEADS:
        return leads.count(), Deletion()
    return len(keys), what_goes_along(Lead.objects.only("pk").filter(pk__in=keys))


def numbers(counts: list[Count]) -> dict[str, int]:
    """Return counts by table."""
    found: dict[str, int] = {}
    for count in counts:
        table = count.model._meta.db_table
        found[table] = found.get(table, 0) + count.number
    return found


def refuse_unfiltered(*, is_filtered: bool, is_meant: bool) -> None:
    """Raise InvalidRequest when every lead would be changed and nobody said that it is meant."""
    if not is_filtered and not is_meant:
        raise InvalidRequest.at("all", "required", "Without a filter this is about every lead: say so by all.")


def _lock(leads: models.QuerySet, expected_count: int) -> list[int]:
    """Lock the leads; return their keys. Who waited for another's change sees what it left, so the count holds."""
    rows = leads.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True)
    keys = list(rows[: MAX_LEADS + 1])
    if len(keys) > MAX_LEADS:
        raise TooManyLeads
    if len(keys) != expected_count:
        raise CountChanged(f"The filter fits {len(keys)} leads by now, not {expected_count}: count again.")
    return keys
