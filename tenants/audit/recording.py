"""The audit trail: a trigger on every table that is recorded, and entries that nobody can change."""

from typing import Any

from django.apps import apps
from django.conf import settings

from tenants import trail
from tenants.access import Access

PRIVILEGES = """
    SELECT c.relname, acl.privilege_type
    FROM pg_class c CROSS JOIN aclexplode(c.relacl) acl JOIN pg_roles r ON r.oid = acl.grantee
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s) AND r.rolname = %s
    ORDER BY 1, 2
"""
# What the system role needs to read entries and to forget old ones.
ALLOWED = {"SELECT", "DELETE"}


def find_breaches(cursor: Any, *, grants: bool) -> list[str]:
    return [*_triggers(cursor), *(_privileges(cursor) if grants else [])]


def _triggers(cursor: Any) -> list[str]:
    declared, present = trail.declared_triggers(), trail.present_triggers(cursor)
    breaches = [f"Trigger {name} is missing on {table}." for table, name in sorted(declared.keys() - present.keys())]
    breaches += [
        f"Trigger {name} on {table} is none of ours." for table, name in sorted(present.keys() - declared.keys())
    ]
    return breaches + [
        f"Trigger {name} on {table} is not as declared."
        for table, name in sorted(declared.keys() & present.keys())
        if declared[table, name] != present[table, name]
    ]


def _privileges(cursor: Any) -> list[str]:
    tables = [model._meta.db_table for model in apps.get_models() if getattr(model, "access", None) == Access.APPENDED]
    system = settings.DATABASE_ROLES.system
    cursor.execute(PRIVILEGES, [tables, system])
    return [
        f"{system} holds {privilege} on {table}, which is appended to only."
        for table, privilege in cursor.fetchall()
        if privilege not in ALLOWED
    ]
