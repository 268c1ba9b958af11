"""Wall 1: managers that show a bound connection its own tenant's rows and an unbound one nothing at all."""

from django.db import models
from django.db.models import Q

from loctelli.database.models import StampedQuerySet
from tenants.scope import current_scope


class ScopedManager(models.Manager.from_queryset(StampedQuerySet)):  # type: ignore[misc]
    """Filters by the bound sub-account; leaves the system scope unfiltered; raises TenantRequired when unbound."""

    def owned_by(self, sub_account_id: int) -> Q:
        """Return which rows the sub-account sees."""
        return Q(sub_account_id=sub_account_id)

    def get_queryset(self) -> models.QuerySet:
        bound = current_scope().sub_account_id
        queryset = super().get_queryset()
        return queryset if bound is None else queryset.filter(self.owned_by(bound))


class TenantManager(ScopedManager):
    """The manager of tables whose every row belongs to one sub-account."""


class SubAccountManager(ScopedManager):
    """A bound connection sees one sub-account: its own."""

    def owned_by(self, sub_account_id: int) -> Q:
        return Q(pk=sub_account_id)


class SharedManager(ScopedManager):
    """A bound connection sees its own rows and those that belong to nobody."""

    def owned_by(self, sub_account_id: int) -> Q:
        return Q(sub_account_id=sub_account_id) | Q(sub_account_id=None)
