"""Puts walls 2 and 3 on every model of ours, so that nobody can forget one and `makemigrations` writes them."""

from django.apps import apps
from django.db import models

from loctelli.database.fields import ForeignKey
from tenants.access import Access
from tenants.constraints import ON_DELETE, Reference, RowSecurity


def build_walls() -> None:
    """Add to each model that declares its `access` the constraints which that and its foreign keys call for."""
    for model in apps.get_models():
        access = getattr(model, "access", None)
        if access is None or model._meta.proxy:
            continue
        model._meta.constraints = [*model._meta.constraints, *walls(model, access)]
        # What `makemigrations` and the migration state read.
        model._meta.original_attrs["constraints"] = model._meta.constraints


def walls(model: type[models.Model], access: Access) -> list[models.BaseConstraint]:
    """Return the walls of one model: the unique key references need, row security, one constraint per reference."""
    table, columns = model._meta.db_table, {field.column for field in model._meta.local_fields}
    result: list[models.BaseConstraint] = []
    if access == Access.TENANT:
        result.append(models.UniqueConstraint(fields=["sub_account", "id"], name=f"{table}_tenant_key"))
    if access == Access.SUB_ACCOUNT:
        result.append(RowSecurity(name=f"{table}_rows", access=access, column="id"))
    elif "sub_account_id" in columns:
        result.append(RowSecurity(name=f"{table}_rows", access=access))
    result += [reference(field) for field in model._meta.local_fields if isinstance(field, ForeignKey)]
    return result


def reference(field: ForeignKey) -> Reference:
    """Return the foreign key of a field: composite when its target's rows belong to tenants."""
    target = getattr(field.related_model, "access", None)
    scope = None
    if target == Access.TENANT:
        scope = ("sub_account_id", "sub_account_id")
    elif target == Access.SHARED:
        # A form template may belong to nobody: the pair of columns says whose it is, 0 for nobody.
        scope = ("form_owner_id", "owner_id")
    return Reference(
        name=f"{field.model._meta.db_table}_{field.column}_fk",
        field=field.name,
        on_delete=ON_DELETE[field.database_on_delete],
        scope=scope,
    )


def declared_row_security() -> dict[str, RowSecurity]:
    """Map each table whose rows belong to sub-accounts to the row security its model declares."""
    return {
        model._meta.db_table: constraint
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, RowSecurity)
    }
