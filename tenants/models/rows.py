"""The base of every model whose rows belong to a tenant."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import models

from loctelli.database.fields import ForeignKey
from tenants.access import Access
from tenants.constraints import BOUND_SUB_ACCOUNT
from tenants.managers import TenantManager
from tenants.scope import current_scope
from tenants.trail.rows import RecordedModel


class CurrentSubAccount(models.Func):
    """The bound sub-account's id as PostgreSQL knows it; NULL when none is bound."""

    template = BOUND_SUB_ACCOUNT
    output_field = models.BigIntegerField()
    allowed_default = True

    def __init__(self, **extra: Any) -> None:
        super().__init__()


class SubAccountKey(ForeignKey):
    """Whose row it is: stamped by the database from the binding, never read from a request."""

    def __init__(
        self, to: str = "tenants.SubAccount", on_delete: Callable[..., Any] = models.CASCADE, **kwargs: Any
    ) -> None:
        super().__init__(to, on_delete, **{"db_default": CurrentSubAccount(), **kwargs})


class TenantModel(RecordedModel):
    """A row that belongs to one sub-account and is reached through the three walls."""

    access: ClassVar[Access] = Access.TENANT

    sub_account = SubAccountKey()

    objects = TenantManager()  # type: ignore[misc]

    class Meta:
        abstract = True
        base_manager_name = "objects"
        default_manager_name = "objects"

    @property
    def tenant_id(self) -> int | None:
        """The id of the sub-account the row belongs to, or will once it is saved; None in an unstamped system scope."""
        stamped: Any = self.sub_account_id
        return stamped if isinstance(stamped, int) else current_scope().sub_account_id
