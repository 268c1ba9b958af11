"""Wall 3: every declared reference is there as declared, and no other one leaves its tenant."""

from typing import Any

from django.apps import apps

from tenants.constraints import Reference
from tenants.walls import declared_row_security

FOREIGN_KEYS = """
    SELECT source.relname, k.conname, target.relname, pg_get_constraintdef(k.oid),
           ARRAY(SELECT ARRAY[h.attname::text, t.attname::text]
                 FROM unnest(k.conkey, k.confkey) AS pair (here, there)
                 JOIN pg_attribute h ON h.attrelid = source.oid AND h.attnum = pair.here
                 JOIN pg_attribute t ON t.attrelid = target.oid AND t.attnum = pair.there),
           EXISTS (SELECT FROM pg_attribute a
                   WHERE a.attrelid = target.oid AND a.attname = 'sub_account_id' AND NOT a.attisdropped)
    FROM pg_constraint k
    JOIN pg_class source ON source.oid = k.conrelid JOIN pg_class target ON target.oid = k.confrelid
    WHERE k.contype = 'f' AND source.relnamespace = current_schema()::regnamespace
    ORDER BY 1, 2
"""
PAIRS = (["sub_account_id", "sub_account_id"], ["form_owner_id", "owner_id"])
# What form_owner_id may hold is all that ties such a pair to the row's own sub-account.
OWNERS_UNCHECKED = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'form_owner_id'
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace AND NOT a.attisdropped
      AND (NOT a.attnotnull OR NOT EXISTS (
        SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'
          AND pg_get_constraintdef(k.oid) = 'CHECK (((form_owner_id = 0) OR (form_owner_id = sub_account_id)))'))
"""
# Foreign keys are carried out by triggers, which a superuser can switch off.
DISABLED_TRIGGERS = """
    SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE t.tgisinternal AND t.tgenabled <> 'O' AND c.relnamespace = current_schema()::regnamespace
    ORDER BY 1
"""


def find_breaches(cursor: Any) -> list[str]:
    cursor.execute(FOREIGN_KEYS)
    return [*_references(cursor.fetchall()), *_owners(cursor), *_triggers(cursor)]


def _references(rows: list[tuple]) -> list[str]:
    found = {(table, name): definition for table, name, _, definition, *_ in rows}
    breaches = []
    for key, definition in sorted(_declared().items()):
        table, name = key
        if key not in found:
            breaches.append(f"Foreign key {name} is missing on {table}.")
        elif found[key] != definition:
            breaches.append(f"Foreign key {name} of {table} is {found[key]!r} instead of {definition!r}.")
    for table, name, target, _, pairs, of_tenants in rows:
        if of_tenants:
            paired = any(pair in pairs for pair in PAIRS)
        else:
            row_security = declared_row_security().get(target)
            paired = row_security is None or ["sub_account_id", row_security.column] in pairs
        if not paired:
            breaches.append(f"Foreign key {name} of {table} points at {target} without the sub-account beside it.")
    return breaches


def _declared() -> dict[tuple[str, str], str]:
    """Map (table, name) of each declared reference to what PostgreSQL prints of it."""
    return {
        (model._meta.db_table, constraint.name): constraint.definition(model)
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, Reference)
    }


def _owners(cursor: Any) -> list[str]:
    cursor.execute(OWNERS_UNCHECKED)
    return [f"Column form_owner_id of {table} may name another sub-account." for (table,) in cursor.fetchall()]


def _triggers(cursor: Any) -> list[str]:
    cursor.execute(DISABLED_TRIGGERS)
    return [f"Foreign keys of {table} are switched off." for (table,) in cursor.fetchall()]
