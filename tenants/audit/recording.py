"""The audit trail: entries are added and, once old, deleted; no table of ours has a trigger."""

from typing import Any

from django.apps import apps
from django.conf import settings

from tenants.access import Access
from tenants.trail import COLUMNS

PRIVILEGES = """
    SELECT c.relname, NULL, acl.privilege_type
    FROM pg_class c CROSS JOIN aclexplode(c.relacl) acl JOIN pg_roles r ON r.oid = acl.grantee
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%(tables)s) AND r.rolname = %(role)s
  UNION ALL
    SELECT c.relname, a.attname, acl.privilege_type
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid CROSS JOIN aclexplode(a.attacl) acl
    JOIN pg_roles r ON r.oid = acl.grantee
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%(tables)s) AND r.rolname = %(role)s
    ORDER BY 1, 2 NULLS FIRST, 3
"""
# What the system role needs to read entries and to forget old ones; it adds some without a say in their time.
ALLOWED = {"SELECT", "DELETE"}
# Foreign keys are triggers, too, but internal ones. The job queue's tables bring some along.
TRIGGERS = """
    SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s)
    ORDER BY 1, 2
"""


def find_breaches(cursor: Any, *, grants: bool) -> list[str]:
    return [*_triggers(cursor), *(_privileges(cursor) if grants else [])]


def _triggers(cursor: Any) -> list[str]:
    tables = [model._meta.db_table for model in apps.get_models() if getattr(model, "access", None) is not None]
    cursor.execute(TRIGGERS, [tables])
    return [f"Table {table} has the trigger {name}." for table, name in cursor.fetchall()]


def _privileges(cursor: Any) -> list[str]:
    tables = [model._meta.db_table for model in apps.get_models() if getattr(model, "access", None) == Access.APPENDED]
    system = settings.DATABASE_ROLES.system
    cursor.execute(PRIVILEGES, {"tables": tables, "role": system})
    return [
        f"{system} holds {privilege} on {table}{f' ({column})' if column else ''}, which is appended to only."
        for table, column, privilege in cursor.fetchall()
        if not (column is None and privilege in ALLOWED) and not (privilege == "INSERT" and column in COLUMNS)
    ]
