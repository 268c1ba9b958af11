"""Entries of the audit trail, and the one statement that writes them."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson

from loctelli.database.compiled import argument, this_wrapper
from loctelli.database.queries import Query
from tenants.scope import current_actor

TABLE = "audit_entries"
CREATE, UPDATE, DELETE = "create", "update", "delete"
LONGEST_NAME = 200
ENTRIES_A_STATEMENT = 500

MASK = "***"
# A string of JSON that begins like ciphertext; a quote within another string has a backslash before it.
CIPHERTEXT = re.compile(r'(?<!\\)"(?:enc|ring):v1:(?:[^"\\]|\\.)*"')

COLUMNS = (
    "sub_account_id", "actor_type", "actor_id", "actor_name", "address", "request_id", "action", "model", "object_id",
    "object_name", "changes", "rows", "object_ids", "deleted_along",
)  # fmt: skip
ROW = f"({', '.join(['%s'] * len(COLUMNS))})"

NOTHING: Mapping[str, Sequence[Any]] = {}


class Entry(NamedTuple):
    """One change of one row, or of so many at once. `changes` maps a column to its value before and after."""

    sub_account_id: int | None
    action: str
    model: str
    object_id: str
    object_name: str
    changes: Mapping[str, Sequence[Any]] = NOTHING
    rows: int = 1
    object_ids: Sequence[Any] | None = None
    deleted_along: Mapping[str, int] | None = None

    def parameters(self, actor: Mapping[str, Any]) -> list[Any]:
        """Return what `insert_sql(1)` takes for this entry, or a part of what it takes for several."""
        actor_id = actor.get("id")
        return [
            self.sub_account_id,
            actor.get("type", "system"),
            None if actor_id is None else str(actor_id),
            actor.get("name", ""),
            actor.get("address"),
            actor.get("request_id"),
            self.action,
            self.model,
            self.object_id,
            self.object_name[:LONGEST_NAME],
            without_ciphertext(to_json(self.changes)),
            self.rows,
            None if self.object_ids is None else to_json([str(key) for key in self.object_ids]),
            to_json(self.deleted_along) if self.deleted_along else None,
        ]


@cache
def insert_sql(entries: int = 1) -> str:
    """Return the INSERT of so many entries: the same text each time. Key and time come from the table's defaults."""
    return f"INSERT INTO {TABLE} ({', '.join(COLUMNS)}) VALUES {', '.join([ROW] * entries)}"


def write(entries: Sequence[Entry]) -> None:
    """Write entries in the bound scope, in one statement unless they are very many."""
    actor = current_actor()
    for start in range(0, len(entries), ENTRIES_A_STATEMENT):
        some = entries[start : start + ENTRIES_A_STATEMENT]
        parameters = [argument(value) for entry in some for value in entry.parameters(actor)]
        this_wrapper().send_along(Query(insert_sql(len(some)), parameters))


def to_json(value: Any) -> str:
    """Return a value of any column as JSON; times in UTC end in Z."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:
        # An integer past 64 bits, which jsonb takes.
        return json.dumps(value, default=str, ensure_ascii=False)


def without_ciphertext(text: str) -> str:
    """Return JSON with every ciphertext in it masked, wherever it stands."""
    return CIPHERTEXT.sub(f'"{MASK}"', text) if ":v1:" in text else text
