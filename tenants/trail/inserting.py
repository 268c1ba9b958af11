"""The entry of a row that is inserted, written by the very statement that inserts it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, models

from loctelli.database.creating import Creation, LastInsert
from tenants.scope import current_actor
from tenants.trail.entries import COLUMNS, CREATE, MASK, TABLE, Entry
from tenants.trail.plans import Column, Plan, plan_of

# Columns that hold what they are given, and that PostgreSQL and we write as the same JSON.
AS_GIVEN = (models.CharField, models.TextField, models.IntegerField, models.BooleanField, models.ForeignKey)
# What the row says of itself once it is there, and what an entry of one row leaves empty.
OF_THE_ROW, EMPTY = ("sub_account_id", "object_id"), ("rows", "object_ids", "deleted_along")
GIVEN = [name for name in COLUMNS if name not in (*OF_THE_ROW, *EMPTY)]


class RecordedInsert(LastInsert):
    """An INSERT with the row's entry, of which the row gives what the database made: its key, above all."""

    def __init__(self, creation: Creation, plan: Plan) -> None:
        super().__init__(creation)
        self.plan = plan
        quote = connection.ops.quote_name
        places = {field.attname: place for place, field in enumerate(self.insert.fields)}
        self.title = places[plan.title] if plan.title else None
        # Where the values of the recorded columns are, and whether as they are or as PostgreSQL is told them.
        self.recorded = [
            (place, column, isinstance(column.field, models.JSONField))
            for key, column in plan.columns.items()
            if (place := places.get(key)) is not None
        ]
        made = ", ".join(
            f"'{plan.columns[name].name}', jsonb_build_array(NULL, made.{quote(plan.columns[name].name)})"
            for name in creation.left_out
            if name in plan.columns
        )
        values = {
            "sub_account_id": f"made.{quote(plan.columns[plan.owner].name)}" if plan.owner else "NULL",
            "object_id": f"made.{quote(plan.columns[plan.key].name)}::text",
            "changes": f"%s::jsonb || jsonb_build_object({made})",
        }
        told = [name for name in COLUMNS if name not in EMPTY]
        self.sql = (
            f"WITH made AS ({self.insert.sql}), told AS ("
            f"INSERT INTO {TABLE} ({', '.join(told)}) "
            f"SELECT {', '.join(values.get(name, '%s::text') for name in told)} FROM made"
            ") SELECT * FROM made"
        )

    def parameters(self, values: Sequence[Any]) -> list[Any]:
        """Return what the statement takes for a row of these values."""
        written = self.insert.parameters(values)
        changes = {
            column.name: [None, MASK if column.masked else values[place] if is_json else written[place]]
            for place, column, is_json in self.recorded
            if written[place] is not None
        }
        title = "" if self.title is None else str(written[self.title] or "")
        entry = Entry(None, CREATE, self.plan.label, "", title, changes)
        told = dict(zip(COLUMNS, entry.parameters(current_actor()), strict=True))
        return [*written, *(told[name] for name in GIVEN)]


@lru_cache(maxsize=4096)
def recorded_insert(creation: Creation) -> LastInsert | None:
    """Return the INSERT of a creation with its entry; None where the entry can't be known beforehand."""
    plan = plan_of(creation.model)
    if plan is None:
        return None
    given = [column for name in creation.names if (column := plan.columns.get(name)) and not _is_empty(creation, name)]
    made = [column for name in creation.left_out if (column := plan.columns.get(name))]
    is_known = (
        all(map(_is_as_given, given))
        and all(isinstance(column.field, AS_GIVEN) and not column.field.null and not column.masked for column in made)
        and (plan.title is None or plan.title in creation.names)
        and not plan.columns[plan.key].masked
    )
    return RecordedInsert(creation, plan) if is_known else None


def _is_empty(creation: Creation, name: str) -> bool:
    """Return whether a column that nobody gave is NULL in every row."""
    return name in creation.constant and creation.constant[name] is None


def _is_as_given(column: Column) -> bool:
    """Return whether what is recorded of a column's value is the same before and after it is stored."""
    plain = isinstance(column.field, AS_GIVEN) or (isinstance(column.field, models.JSONField) and column.mutable)
    return column.masked or plain
