"""Wall 1: managers that show a bound connection its own tenant's rows and an unbound one nothing at all."""

from typing import Any

from django.db import models
from django.db.models import Q

from loctelli.database.compiled import Parameter
from tenants.scope import current_scope
from tenants.trail.rows import RecordedQuerySet


class ScopedManager(models.Manager.from_queryset(RecordedQuerySet)):  # type: ignore[misc]
    """Filters by the bound sub-account; leaves the system scope unfiltered; raises TenantRequired when unbound."""

    def owned_by(self, sub_account_id: int | Parameter) -> Q:
        """Return which rows the sub-account sees."""
        return Q(sub_account_id=sub_account_id)

    def get_queryset(self) -> models.QuerySet:
        bound = current_scope().sub_account_id
        return super().get_queryset() if bound is None else self.of(bound)

    def require_scope(self) -> int | None:
        """Return whom the connection is bound to, None for the system; raise TenantRequired when it is to nobody."""
        return current_scope().sub_account_id

    def of(self, sub_account_id: int | Parameter) -> models.QuerySet:
        """Return the rows of a sub-account that is known now or, by a parameter, when the statement is run."""
        return super().get_queryset().filter(self.owned_by(sub_account_id))

    def changeable_by(self, sub_account_id: int | Parameter) -> models.QuerySet:
        """Return the rows that a sub-account may change."""
        return self.of(sub_account_id)


class TenantManager(ScopedManager):
    """The manager of tables whose every row belongs to one sub-account."""


class SubAccountManager(ScopedManager):
    """A bound connection sees one sub-account: its own."""

    def owned_by(self, sub_account_id: int | Parameter) -> Q:
        return Q(pk=sub_account_id)


class SharedQuerySet(RecordedQuerySet):
    """Rows that are everybody's to read: a bound connection locks, changes and deletes none but its own."""

    def own(self) -> "SharedQuerySet":
        """Leave out what belongs to nobody, unless the system asks."""
        scope = current_scope()
        return self if scope.sub_account_id is None else self.filter(sub_account_id=scope.sub_account_id)

    def select_for_update(self, *args: Any, **kwargs: Any) -> "SharedQuerySet":
        return super(SharedQuerySet, self.own()).select_for_update(*args, **kwargs)

    def update(self, **values: Any) -> int:
        return super(SharedQuerySet, self.own()).update(**values)

    def _update(self, values: Any) -> int:
        # What Model.save() calls, of a row with expressions.
        return super(SharedQuerySet, self.own())._update(values)  # type: ignore[misc]

    def delete(self) -> tuple[int, dict[str, int]]:
        return super(SharedQuerySet, self.own()).delete()

    update.alters_data = delete.alters_data = _update.alters_data = True  # type: ignore[attr-defined]


class SharedManager(ScopedManager.from_queryset(SharedQuerySet)):  # type: ignore[misc]
    """A bound connection sees its own rows and those that belong to nobody."""

    def owned_by(self, sub_account_id: int | Parameter) -> Q:
        return Q(sub_account_id=sub_account_id) | Q(sub_account_id=None)

    def changeable_by(self, sub_account_id: int | Parameter) -> models.QuerySet:
        return self.of(sub_account_id).filter(sub_account_id=sub_account_id)
