"""Grants by kind of table, given anew after every migration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from loctelli.database import job_functions
from tenants.access import Access
from tenants.trail import COLUMNS

# Tables of other packages that a tenant's request has to read.
READABLE_MACHINERY = ("django_migrations",)


@dataclass(frozen=True)
class TenantPrivileges:
    """What the tenant role may do with a table as a whole, and with some of its columns only."""

    table: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        """The privileges in GRANT's words."""
        return ", ".join([*self.table, *(f"{name} ({', '.join(columns)})" for name, columns in self.columns.items())])


READ = TenantPrivileges(("SELECT",))
READ_AND_WRITE = TenantPrivileges(("SELECT", "INSERT", "UPDATE", "DELETE"))
TENANT_PRIVILEGES = {
    Access.TENANT: READ_AND_WRITE,
    Access.SUB_ACCOUNT: TenantPrivileges(("SELECT",), {"UPDATE": ("name", "description", "settings", "updated_at")}),
    Access.READABLE: READ,
    Access.SHARED: READ_AND_WRITE,
    Access.CATALOGUE: READ,
    # When an entry was written is not the writer's to say.
    Access.APPENDED: TenantPrivileges(("SELECT",), {"INSERT": COLUMNS}),
}


def tenant_privileges() -> dict[str, TenantPrivileges]:
    """Map every table the tenant role may touch to its privileges."""
    privileges = dict.fromkeys(READABLE_MACHINERY, READ)
    for model in apps.get_models():
        access = getattr(model, "access", None)
        if access in TENANT_PRIVILEGES:
            privileges[model._meta.db_table] = TENANT_PRIVILEGES[access]
    return privileges


def grant_after_migrate(sender: Any, using: str, **kwargs: Any) -> None:
    """Give the tenant role what its tables' kinds allow and nothing else, and the system role nearly everything.

    Tables that a backward migration has removed are passed over.
    """
    connection, roles = connections[using], settings.DATABASE_ROLES
    tables = set(connection.introspection.table_names())
    statements = [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {{schema}} FROM {roles.tenant}, PUBLIC",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {{schema}} FROM {roles.tenant}, PUBLIC",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {{schema}} TO {roles.system}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {{schema}} TO {roles.system}",
    ]
    for table, privileges in tenant_privileges().items():
        if table not in tables:
            continue
        statements.append(f"GRANT {privileges} ON {connection.ops.quote_name(table)} TO {roles.tenant}")
        if "INSERT" in privileges.table:
            statements += [
                f"GRANT USAGE ON SEQUENCE {connection.ops.quote_name(sequence['name'])} TO {roles.tenant}"
                for sequence in sequences(connection, table)
            ]
    for model in apps.get_models():
        if getattr(model, "access", None) == Access.APPENDED and (table := model._meta.db_table) in tables:
            table = connection.ops.quote_name(table)
            statements += [
                f"REVOKE INSERT, UPDATE ON {table} FROM {roles.system}",
                f"GRANT INSERT ({', '.join(COLUMNS)}) ON {table} TO {roles.system}",
            ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = cursor.fetchone()[0]
        cursor.execute("; ".join(statements).format(schema=connection.ops.quote_name(schema)))
        job_functions.apply(cursor, roles, schema)


def sequences(connection: BaseDatabaseWrapper, table: str) -> list[Any]:
    """Return the sequences of a table's identity columns."""
    with connection.cursor() as cursor:
        return connection.introspection.get_sequences(cursor, table)
