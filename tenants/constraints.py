"""Walls 2 and 3: row security and references that can't leave their tenant, as constraints `makemigrations` writes."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.constraints import BaseConstraint

from tenants.access import Access

# No sub-select, cast of the column, OR or CASE: those keep the index from being used.
BOUND_SUB_ACCOUNT = "nullif(current_setting('app.sub_account_id', true), '')::bigint"

# Which entries of the audit trail may be deleted at all, however long the setting says that they are kept.
OLD_ENOUGH = "created_at < now() - '90 days'::interval"

ON_DELETE = {models.CASCADE: "CASCADE", models.RESTRICT: "RESTRICT", models.SET_NULL: "SET NULL"}


class DatabaseConstraint(BaseConstraint):
    """A constraint that PostgreSQL alone carries out; forms and serializers have nothing to check beforehand."""

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        # Not part of CREATE TABLE: what it refers to may be made later in the same migration.
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))

    def validate(
        self, model: type[models.Model], instance: models.Model, exclude: Any = None, using: str = "default"
    ) -> None:
        """Find nothing to check beforehand."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash(self.name)


class RowSecurity(DatabaseConstraint):
    """Wall 2: row security, forced for the owner too, with the policies that `access` calls for.

    `column` holds the sub-account's id. The system role sees every row; a role without a policy sees none.
    """

    def __init__(self, *, name: str, access: str, column: str = "sub_account_id") -> None:
        super().__init__(name=name)
        self.access, self.column = Access(access), column

    def deconstruct(self):
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "access": self.access.value, "column": self.column}

    @property
    def requires_sub_account(self) -> bool:
        """Whether every row has to belong to somebody."""
        return self.access == Access.TENANT

    @property
    def policies(self) -> dict[str, str]:
        """Map each policy's name to what follows its table in CREATE POLICY."""
        roles, own = settings.DATABASE_ROLES, f"{self.column} = {BOUND_SUB_ACCOUNT}"
        policies = {"system": f"TO {roles.system} USING (true)"}
        if self.access in (Access.TENANT, Access.SUB_ACCOUNT):
            policies["tenant"] = f"TO {roles.tenant} USING ({own})"
        elif self.access == Access.READABLE:
            policies["tenant"] = f"FOR SELECT TO {roles.tenant} USING ({own})"
        elif self.access == Access.APPENDED:
            policies = {
                "system": f"FOR SELECT TO {roles.system} USING (true)",
                "system_prune": f"FOR DELETE TO {roles.system} USING ({OLD_ENOUGH})",
                "system_insert": f"FOR INSERT TO {roles.system} WITH CHECK (true)",
                "tenant": f"FOR SELECT TO {roles.tenant} USING ({own})",
                "tenant_insert": f"FOR INSERT TO {roles.tenant} WITH CHECK ({own})",
            }
        elif self.access == Access.SHARED:
            policies["tenant"] = f"TO {roles.tenant} USING ({own})"
            policies["tenant_read"] = f"FOR SELECT TO {roles.tenant} USING ({self.column} IS NULL OR {own})"
        return policies

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        table = schema_editor.quote_name(model._meta.db_table)
        return " ".join(
            [
                f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
                f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;",
                *(f"CREATE POLICY {name} ON {table} {rule};" for name, rule in self.policies.items()),
            ]
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        table = schema_editor.quote_name(model._meta.db_table)
        return " ".join(
            [
                *(f"DROP POLICY {name} ON {table};" for name in self.policies),
                f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;",
                f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;",
            ]
        )


class Reference(DatabaseConstraint):
    """Wall 3: the one foreign key of a reference, with its ON DELETE.

    Between rows of tenants it is composite, (`scope[0]`, field) → (`scope[1]`, id), so that a row can't point at, probe
    for or cascade into another tenant's; foreign-key checks bypass row security, so nothing else would stop that.
    SET NULL clears the reference alone (PostgreSQL 15's column list), never the tenant beside it.
    """

    def __init__(
        self, *, name: str, field: str, on_delete: str, scope: tuple[str, str] | list[str] | None = None
    ) -> None:
        super().__init__(name=name)
        self.field, self.on_delete, self.scope = field, on_delete, tuple(scope) if scope else None

    def deconstruct(self):
        path, args, kwargs = super().deconstruct()
        kwargs |= {"field": self.field, "on_delete": self.on_delete}
        if self.scope:
            kwargs["scope"] = self.scope
        return path, args, kwargs

    def definition(self, model: Any, quote: Callable[[str], str] = str) -> str:
        """Return what follows ADD CONSTRAINT as PostgreSQL prints it, which leaves out INITIALLY IMMEDIATE."""
        field = model._meta.get_field(self.field)
        target = field.related_model._meta
        columns, targets = quote(field.column), quote(target.pk.column)
        if self.scope:
            columns, targets = f"{quote(self.scope[0])}, {columns}", f"{quote(self.scope[1])}, {targets}"
        on_delete = self.on_delete
        if on_delete == "SET NULL" and self.scope:
            on_delete += f" ({quote(field.column)})"
        return (
            f"FOREIGN KEY ({columns}) REFERENCES {quote(target.db_table)}({targets}) ON DELETE {on_delete} DEFERRABLE"
        )

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        return (
            f"ALTER TABLE {quote(model._meta.db_table)} ADD CONSTRAINT {quote(self.name)} "
            f"{self.definition(model, quote)} INITIALLY IMMEDIATE"
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        return f"ALTER TABLE {quote(model._meta.db_table)} DROP CONSTRAINT {quote(self.name)}"
