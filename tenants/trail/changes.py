"""What a call's changes are recorded as: an entry a row or, of very many rows, one that counts them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import models

from tenants.access import Recording
from tenants.deletion import what_goes_with
from tenants.trail.entries import CREATE, DELETE, MASK, UPDATE, Entry
from tenants.trail.plans import UNKNOWN, Plan, plan_of, recording_of

# A call that changes more rows than this is recorded as one entry a sub-account, not as one a row.
ONE_BY_ONE = 100
# So many of the counted rows are named.
NAMED = 1000

# Whose, how many, and the first of their keys.
Group = tuple[int | None, int, Sequence[Any]]


def creations(plan: Plan, rows: Sequence[Any]) -> list[Entry]:
    """Return the entries of rows that were inserted."""
    if len(rows) <= ONE_BY_ONE:
        return [entry for row in rows for entry in plan.entries(CREATE, row, UNKNOWN, row.state(plan, plan.columns))]
    keys: dict[int | None, list[Any]] = defaultdict(list)
    for row in rows:
        keys[getattr(row, plan.owner) if plan.owner else None].append(row.pk)
    return _of_many(plan, CREATE, [(owner, len(found), found) for owner, found in keys.items()])


def updates(plan: Plan, rows: Sequence[Any], values: Mapping[str, Any]) -> list[Entry]:
    """Return the entries of rows whose columns got these values, reading what the database worked out."""
    computed = [key for key, value in values.items() if _is_computed(value)]
    if computed:
        found = plan.model._base_manager.only(*(plan.columns[key].field.name for key in computed))
        read = {row.pk: row.__dict__ for row in found.filter(pk__in=[row.pk for row in rows])}
    entries = []
    for row in rows:
        after = {**values, **{key: read[row.pk][key] for key in computed if row.pk in read}}
        entries += plan.entries(UPDATE, row, row._loaded, plan.freeze(after))
    return entries


def updates_of_many(plan: Plan, groups: Iterable[Group], values: Mapping[str, Any]) -> list[Entry]:
    """Return the entries of very many rows whose columns got these values; what they held before is left out."""
    changes: dict[str, list[Any]] = {}
    for key, value in values.items():
        column = plan.columns[key]
        known = None if _is_computed(value) else value
        changes[column.name] = [None, MASK if column.masked and known is not None else known]
    if plan.owner not in values:
        return _of_many(plan, UPDATE, groups, changes=changes)
    owner = values[str(plan.owner)]
    return [
        entry
        for former, rows, keys in groups
        if former != owner and former is not None
        for entry in plan.halves(former, owner, changes, ("", ""), rows=rows, object_ids=keys[:NAMED])
    ]


def deletions(plan: Plan, rows: Sequence[Any]) -> list[Entry]:
    """Return the entries of rows that are about to be deleted, and of those that stay without what they refer to."""
    by_owner: dict[int | None, list[Any]] = defaultdict(list)
    for row in rows:
        by_owner[row._loaded.get(plan.owner or "")].append(row)
    gone, entries = dict.fromkeys(plan.columns), []
    for some in by_owner.values():
        counts, others = _consequences(plan, [row.pk for row in some])
        for row in some:
            entries += plan.entries(DELETE, row, row._loaded, gone, deleted_along=counts)
        entries += others
    return entries


def deletions_of_many(plan: Plan, rows: Any) -> list[Entry]:
    """Return the entries of very many rows that are about to be deleted."""
    entries = []
    for owner, number, keys in rows.groups(plan):
        own = plan.model._base_manager.filter(pk__in=rows.order_by().values("pk"))
        if plan.owner:
            own = own.filter(**{plan.owner: owner})
        counts, others = _consequences(plan, own.values("pk"))
        entries += _of_many(plan, DELETE, [(owner, number, keys)], deleted_along=counts)
        entries += others
    return entries


def _consequences(plan: Plan, keys: Any) -> tuple[dict[str, int], list[Entry]]:
    counts, loosened = what_goes_with(plan.model, keys, counted=_is_counted)
    entries: list[Entry] = []
    rows: Any
    for reference, rows in loosened:
        other = plan_of(reference.model)
        if other is None or not other.is_wanted:
            continue
        cleared = {reference.attname: None}
        names = [name for name in (other.owner, other.title) if name]
        first = list(rows.only(reference.name, *(other.columns[name].field.name for name in names))[: ONE_BY_ONE + 1])
        if len(first) <= ONE_BY_ONE:
            entries += updates(other, first, cleared)
        else:
            entries += updates_of_many(other, rows.groups(other), cleared)
    return counts, entries


def _is_counted(model: type[models.Model]) -> bool:
    return recording_of(model) != Recording.NEVER


def _is_computed(value: Any) -> bool:
    return hasattr(value, "resolve_expression")


def _of_many(plan: Plan, action: str, groups: Iterable[Group], **known: Any) -> list[Entry]:
    return [
        Entry(owner, action, plan.label, "", "", rows=rows, object_ids=keys[:NAMED], **known)
        for owner, rows, keys in groups
    ]
