"""System checks: every model says whose its rows are, and the database agrees."""

from collections.abc import Sequence
from typing import Any, cast

from django.apps import apps
from django.core import checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from loctelli.database.base import DatabaseWrapper
from tenants.access import Access
from tenants.audit import find_breaches
from tenants.managers import ScopedManager

OUR_APPS = ("tenants", "security", "accounts", "agents", "crm", "forms", "integrations", "offboarding")


@checks.register(checks.Tags.models)
def models_declare_access(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Every model of ours declares its kind of table, and those with tenants' rows have a manager that filters."""
    errors: list[checks.CheckMessage] = []
    for model in apps.get_models():
        if model._meta.app_label not in OUR_APPS:
            continue
        access = getattr(model, "access", None)
        if access is None:
            errors.append(checks.Error("The model doesn't declare its kind of table.", obj=model, id="tenants.E001"))
        elif Access(access).has_policies and not (
            isinstance(model._default_manager, ScopedManager) and isinstance(model._base_manager, ScopedManager)
        ):
            errors.append(
                checks.Error(
                    "The model's default and base manager don't filter by tenant.",
                    hint="Let its Meta inherit TenantModel.Meta.",
                    obj=model,
                    id="tenants.E002",
                )
            )
    return errors


@checks.register(checks.Tags.database)
def walls_stand(databases: Sequence[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """The database's roles, policies, references and grants are the declared ones."""
    if "default" not in (databases or []) or migrations_are_pending():
        return []  # Half-migrated walls are what `migrate`, which runs this check first, is about to put right.
    # Connected as the owner, `migrate` is about to give every grant anew.
    breaches = find_breaches(grants=not cast(DatabaseWrapper, connection).is_owner)
    return [checks.Error(breach, id="tenants.E003") for breach in breaches]


def migrations_are_pending() -> bool:
    """Return whether the database lacks a migration that the code has."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
