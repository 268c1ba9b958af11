"""What of a model's rows the audit trail keeps, and how two states of a row differ."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import orjson
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from tenants.access import Access, Recording
from tenants.scope import current_actor
from tenants.trail.entries import CREATE, DELETE, MASK, UPDATE, Entry, to_json

# Columns whose values show up as MASK; ciphertext does, wherever it stands.
SECRET = re.compile(r"password$|secret|token|hash|salt|^iv$|^code$|_code$|_key$|encrypted")
# What is written along with everything else, or by merely being there.
STAMPS = {"created_at", "updated_at", "last_login_at", "last_used_at", "expire_date", "session_data", "last_step"}
NAMES = ("name", "full_name", "email")

# A row's values by attribute; those of JSON columns and arrays as text, for they can be changed in place.
State = Mapping[str, Any]
UNKNOWN: State = {}


@dataclass(frozen=True, slots=True)
class Column:
    """A column whose changes are recorded."""

    name: str
    field: models.Field
    masked: bool
    mutable: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What is recorded of one model, column by column; `owner` and `title` are attributes of every row, or None."""

    model: type[models.Model]
    label: str
    recording: Recording
    owner: str | None
    title: str | None
    columns: Mapping[str, Column]
    mutable: tuple[str, ...]
    encrypted: tuple[str, ...]

    @property
    def is_wanted(self) -> bool:
        """Whether what happens now is recorded: of some tables only what a platform admin does is."""
        return self.recording == Recording.ALWAYS or current_actor().get("type") == "admin"

    def written(self, names: Iterable[str] | None) -> list[str]:
        """Return the recorded attributes among fields that are written, given by name or attribute; None for all."""
        if names is None:
            return list(self.columns)
        wanted = set(names)
        return [key for key, column in self.columns.items() if key in wanted or column.field.name in wanted]

    def freeze(self, values: dict[str, Any]) -> State:
        """Return a row's values as they are now, whatever is done to them later; takes the dictionary over."""
        for key in self.mutable:
            if values.get(key) is not None:
                values[key] = to_json(values[key])
        return values

    def known(self, stored: Mapping[str, Any]) -> State:
        """Return a new row's values from what its INSERT stored, which has jsonb as `orjson.Fragment`."""
        values = dict(self.freeze(dict(stored)))
        for key in self.encrypted:
            value, field = values[key], cast(Any, self.columns[key].field)
            text = to_json(value) if isinstance(value, orjson.Fragment) else value
            values[key] = field.from_db_value(text, None, connection)
        return values

    def creation(self, stored: Mapping[str, Any]) -> Entry:
        """Return what a new row is recorded as, from what its INSERT stored."""
        changes = {
            column.name: [None, MASK if column.masked else stored[key]]
            for key, column in self.columns.items()
            if stored[key] is not None
        }
        key = MASK if self.columns[self.key].masked else str(stored[self.key])
        title = str(stored.get(self.title or "") or "")
        return Entry(stored.get(self.owner or ""), CREATE, self.label, key, title, changes)

    def differences(self, before: State, after: State) -> dict[str, list[Any]]:
        """Return what differs in `after`, column by column, secrets masked."""
        found = {}
        for key, new in after.items():
            old, column = before.get(key), self.columns.get(key)
            if column is None or old == new:
                continue
            if column.mutable:
                old, new = (None if value is None else json.loads(value) for value in (old, new))
            else:
                old, new = (None if value is None else column.field.to_python(value) for value in (old, new))
            if old == new:
                continue
            if column.masked:
                old, new = (None if value is None else MASK for value in (old, new))
            found[column.name] = [old, new]
        return found

    def entries(self, action: str, row: Any, before: State, after: State, **known: Any) -> list[Entry]:
        """Return what one row's change is recorded as: nothing when nothing differs, both halves of a move."""
        changes = self.differences(before, after)
        if action == UPDATE and not changes:
            return []
        told = {**row._loaded, **(before if action == DELETE else after)}
        owner, former = told.get(self.owner or ""), before.get(self.owner or "")
        title = str(told.get(self.title or "") or "")
        key = MASK if self.columns[self.key].masked else str(row.pk)
        if action != UPDATE or owner == former or former is None or self.owner not in after:
            return [Entry(owner, action, self.label, key, title, changes, **known)]
        return self.halves(former, owner, changes, (key, title))

    def halves(
        self, former: int, owner: int | None, changes: dict[str, list[Any]], thing: tuple[str, str], **known: Any
    ) -> list[Entry]:
        """Return what is recorded of a move: neither sub-account learns of the other, each is told its own half."""
        column = self.columns[str(self.owner)].name
        return [
            Entry(former, UPDATE, self.label, *thing, {column: [former, None]}, **known),
            Entry(owner, UPDATE, self.label, *thing, {**changes, column: [None, owner]}, **known),
        ]

    @property
    def key(self) -> str:
        return str(self.model._meta.pk.attname)


@cache
def plan_of(model: type[models.Model]) -> Plan | None:
    """Return what is recorded of a model; None for nothing."""
    meta = model._meta.concrete_model._meta  # type: ignore[union-attr]
    recording = recording_of(model)
    if recording in (Recording.NEVER, Recording.COUNTED):
        return None
    fields = {field.attname: field for field in meta.local_concrete_fields}
    masked = set(masked_columns(model))
    skipped = STAMPS | set(getattr(model, "not_recorded", ()))
    columns = {
        key: Column(
            name=str(field.column),
            field=field,
            masked=field.column in masked,
            mutable=isinstance(field, models.JSONField | ArrayField) and not hasattr(field, "holds"),
        )
        for key, field in fields.items()
        if field.column not in skipped and not field.generated
    }
    owner = meta.pk.attname if getattr(model, "access", None) == Access.SUB_ACCOUNT else "sub_account_id"
    return Plan(
        model=meta.model,
        label=meta.label_lower,
        recording=recording,
        owner=owner if owner in fields else None,
        title=next((name for name in NAMES if name in fields), None),
        columns=columns,
        mutable=tuple(key for key, column in columns.items() if column.mutable),
        encrypted=tuple(key for key, column in columns.items() if hasattr(column.field, "holds")),
    )


def recording_of(model: type[models.Model]) -> Recording:
    """Return what of a table is recorded: what the model says, or else what its kind of table calls for."""
    access = getattr(model, "access", None)
    if access is None:
        return Recording.NEVER
    return getattr(model, "recording", Access(access).recording)


def masked_columns(model: type[models.Model]) -> list[str]:
    """Return the columns whose values are not recorded."""
    return sorted(
        str(field.column)
        for field in model._meta.local_fields
        if SECRET.search(str(field.column)) or hasattr(field, "holds")
    )
