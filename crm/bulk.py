"""Leads written many at a time: each row has an outcome of its own, and all together take a few statements."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import DataError, IntegrityError, connection, models, transaction
from rest_framework.exceptions import ValidationError

from crm.choices import MatchBy, Outcome
from crm.models import Booking, Lead
from crm.serializers import LeadSerializer
from crm.services import first_booking
from loctelli.api.errors import as_domain_error, flatten
from loctelli.api.references import References
from loctelli.database.expressions import value_by_key
from loctelli.database.locks import lock_until_commit
from loctelli.errors import InvalidRequest
from security.fields import assign_row_ids
from tenants.scope import current_scope

COLUMNS = {field.name: field for field in Lead._meta.concrete_fields}


@dataclass(slots=True)
class Row:
    """One lead of a call: what was sent, the lead it is about, what is to be written, and how that went."""

    index: int
    body: Any
    lead: Lead | None = None
    values: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None
    errors: list[Mapping[str, str]] = field(default_factory=list)

    def fail(self, *errors: Mapping[str, str]) -> None:
        self.outcome = Outcome.FAILED
        self.errors = list(errors)

    def fail_at(self, path: str, code: str, detail: str) -> None:
        self.fail({"path": path, "code": code, "detail": detail})


def write_leads(bodies: list[Any], *, match_by: MatchBy, context: dict[str, Any]) -> list[Row]:
    """Create or update leads, one a body; return what became of each. What fails of one stops no other.

    A body whose `match_by` names a lead that is there changes what else it holds of it; any other makes a new one.
    """
    rows = [Row(index, body) for index, body in enumerate(bodies)]
    _match(rows, match_by)
    _validate(rows, match_by, context)
    to_create, to_update = _to_create(rows), _to_update(rows)
    _attempt(to_create, _create)
    _attempt(to_update, _update)
    return rows


def refuse_partial(rows: Iterable[Row]) -> None:
    """Raise InvalidRequest, naming the rows, when one of them failed: for a call that is all or nothing."""
    errors = [
        {**error, "path": f"leads.{row.index}.{error['path']}".rstrip(".")} for row in rows for error in row.errors
    ]
    if errors:
        raise InvalidRequest("Nothing was written, for some leads are not valid.", errors=errors)


# Which lead a row is about.


def _match(rows: list[Row], match_by: MatchBy) -> None:
    """Find the leads that rows name, locked in one order whoever asks, so that calls at once wait and never deadlock.

    Nothing in the table keeps two leads from having one custom_id or address, as the document has it. So calls of one
    sub-account that match by these take turns, each seeing what the one before has made.
    """
    if match_by != MatchBy.ID:
        lock_until_commit(connection, f"crm.leads.match.{current_scope().sub_account_id}")
    named = _named(rows, match_by)
    leads: dict[Any, list[Lead]] = {}
    found = Lead.objects.filter(**{f"{match_by}__in": list(named)}).order_by("pk")
    for lead in found.select_for_update(no_key=True) if named else ():
        leads.setdefault(getattr(lead, match_by), []).append(lead)
    for key, row in named.items():
        match leads.get(key, []):
            case [lead]:
                row.lead = lead
            case [] if match_by == MatchBy.ID:
                row.fail_at("id", "not_found", "There is no such lead.")
            case [_, *_]:
                row.fail_at(match_by, "ambiguous", f"Several leads have this {match_by}: name one by its id.")


def _named(rows: list[Row], match_by: MatchBy) -> dict[Any, Row]:
    """Return the first row that has each key; a further one with the same fails, and so does what is no id."""
    named: dict[Any, Row] = {}
    expected = int if match_by == MatchBy.ID else str
    for row in rows:
        if not isinstance(row.body, dict) or match_by not in row.body:
            continue
        key = row.body[match_by]
        if type(key) is not expected:
            if match_by == MatchBy.ID:
                row.fail_at("id", "incorrect_type", "Must be an id.")
            continue  # What is wrong with any other, its field says.
        key = key.strip() if isinstance(key, str) else key
        if key in named:
            row.fail_at(match_by, "duplicate", f"Row {named[key].index} of this call has the same {match_by}.")
        else:
            named[key] = row
    return named


# What is to be written.


def _validate(rows: list[Row], match_by: MatchBy, context: dict[str, Any]) -> None:
    references = References()
    context = {**context, "references": references}
    creating, changing = LeadSerializer(context=context), LeadSerializer(partial=True, context=context)
    remaining = [row for row in rows if row.outcome is None]
    references.look_up(creating, (row.body for row in remaining))
    for row in remaining:
        body = row.body
        if row.lead is not None and match_by == MatchBy.ID:
            body = {name: value for name, value in body.items() if name != "id"}
        try:
            row.values = (creating if row.lead is None else changing).run_validation(body)
        except ValidationError as error:
            row.fail(*flatten(error.detail))


def _to_create(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.outcome is None and row.lead is None]


def _to_update(rows: list[Row]) -> list[Row]:
    """Return the rows that differ from their leads, with what differs; the others are unchanged."""
    matched = [row for row in rows if row.outcome is None and row.lead is not None]
    for row in matched:
        row.values = {name: value for name, value in row.values.items() if _differs(row.lead, name, value)}
        if not row.values:
            row.outcome = Outcome.UNCHANGED
    return [row for row in matched if row.values]


def _differs(lead: Lead | None, name: str, value: Any) -> bool:
    return bool(getattr(lead, COLUMNS[name].attname) != (value.pk if isinstance(value, models.Model) else value))


# Writing it.


def _attempt(rows: list[Row], write: Callable[[list[Row]], None]) -> None:
    """Write the rows at once; when PostgreSQL refuses, one half after the other, until it is clear which it means.

    The serializer refuses what it can; what is left is rare: something that is deleted at this very moment.
    """
    if not rows:
        return
    try:
        with transaction.atomic():
            write(rows)
    except (IntegrityError, DataError) as error:
        if len(rows) > 1:
            middle = len(rows) // 2
            _attempt(rows[:middle], write)
            _attempt(rows[middle:], write)
            return
        known = as_domain_error(error, {})
        if known is None:
            raise
        rows[0].fail(*known.errors)


def _create(rows: list[Row]) -> None:
    leads = [Lead(**{name: value for name, value in row.values.items() if name != "booking"}) for row in rows]
    assign_row_ids(leads)
    Lead.objects.bulk_create(leads)
    made = list(zip(rows, leads, strict=True))
    Booking.objects.bulk_create(
        [first_booking(lead, **row.values["booking"]) for row, lead in made if "booking" in row.values]
    )
    for row, lead in made:
        row.lead, row.outcome = lead, Outcome.CREATED


def _update(rows: list[Row]) -> None:
    leads = [row.lead for row in rows if row.lead is not None]
    for row in rows:
        for name, value in row.values.items():
            setattr(row.lead, name, value)
    written = {name for row in rows for name in row.values}
    Lead.objects.filter(pk__in=[lead.pk for lead in leads]).update(
        **{
            name: value_by_key({lead.pk: getattr(lead, COLUMNS[name].attname) for lead in leads}, COLUMNS[name])
            for name in written
        }
    )
    for row in rows:
        row.outcome = Outcome.UPDATED
