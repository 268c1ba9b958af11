"""The tenants themselves, the way into them, and the base of every model whose rows belong to one."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from loctelli.database.fields import CuidField, ForeignKey, StringField
from loctelli.database.models import StampedModel, StampedQuerySet
from loctelli.errors import Conflict
from tenants.access import Access, Recording
from tenants.constraints import BOUND_SUB_ACCOUNT
from tenants.managers import SubAccountManager, TenantManager
from tenants.scope import current_scope

ONBOARDING_ID = 1


class FixtureOfThePlatform(Conflict):
    """ONBOARDING and its system user are part of the platform: new people wait there."""

    code = "fixture_of_the_platform"
    detail = "ONBOARDING and the system user can't be deleted."


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


class ScopedModel(models.Model):
    """A row that is deleted as it is read and saved: through its model's manager."""

    class Meta:
        abstract = True

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete the row if the bound connection sees it; Django's own would delete by number, asking no manager."""
        return type(self)._base_manager.using(using).filter(pk=self.pk).delete()

    delete.alters_data = True  # type: ignore[attr-defined]


class TenantModel(ScopedModel):
    """A row that belongs to one sub-account and is reached through the three walls."""

    access: ClassVar[Access] = Access.TENANT

    sub_account = SubAccountKey()

    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
        default_manager_name = "objects"

    @property
    def tenant_id(self) -> int | None:
        """The id of the sub-account the row belongs to, or will once it is saved; None in an unstamped system scope."""
        stamped: Any = self.sub_account_id
        return stamped if isinstance(stamped, int) else current_scope().sub_account_id


class SubAccount(ScopedModel, StampedModel):
    """A client business: the tenant. Number 1 is ONBOARDING, where people wait who have joined none yet."""

    access: ClassVar[Access] = Access.SUB_ACCOUNT

    name = StringField()
    description = models.TextField(null=True, blank=True)

    created_by_admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT)

    settings = models.JSONField(null=True, blank=True)
    is_active = models.BooleanField(default=True, db_default=True)

    objects: ClassVar[SubAccountManager] = SubAccountManager()

    class Meta:
        db_table = "subaccounts"
        default_related_name = "sub_accounts"
        base_manager_name = "objects"
        default_manager_name = "objects"
        verbose_name = "sub-account"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(pk=ONBOARDING_ID) | models.Q(name="ONBOARDING", is_active=True),
                name="subaccounts_onboarding_stays",
                violation_error_message="ONBOARDING can't be renamed or deactivated.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_onboarding(self) -> bool:
        return self.pk == ONBOARDING_ID

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        if self.is_onboarding:
            raise FixtureOfThePlatform
        return super().delete(*args, **kwargs)


class InvitationQuerySet(StampedQuerySet):
    """Invitations, and which of them still let somebody in."""

    def usable(self) -> "InvitationQuerySet":
        """Keep what is active, unexpired, not used up, and of a sub-account that one can work in.

        Free of joins, so that an UPDATE that had to wait for another one looks at the row again.
        """
        return self.filter(
            Q(expires_at=None) | Q(expires_at__gt=Now()),
            Q(max_uses=None) | Q(current_uses__lt=F("max_uses")),
            sub_account__in=SubAccount.objects.filter(is_active=True).exclude(pk=ONBOARDING_ID),
            is_active=True,
        )


class SubAccountInvitation(StampedModel):
    """A code that lets people join a sub-account, as often and as long as it says."""

    access: ClassVar[Access] = Access.SYSTEM
    recording: ClassVar[Recording] = Recording.ALWAYS

    id = CuidField()
    code = StringField(unique=True)

    sub_account = ForeignKey(SubAccount, on_delete=models.CASCADE)
    created_by_admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT)

    password = StringField(null=True, blank=True)
    max_uses = models.IntegerField(null=True, blank=True, help_text="Empty for unlimited.")
    current_uses = models.IntegerField(default=0, db_default=0, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True, db_default=True)

    objects: ClassVar[models.Manager] = models.Manager.from_queryset(InvitationQuerySet)()

    class Meta:
        db_table = "subaccount_invitations"
        default_related_name = "invitations"
        verbose_name = "invitation"
        indexes = [
            # The invitations of one sub-account, newest first.
            models.Index(fields=["sub_account", "-created_at"], name="invitations_sub_account"),
        ]

    def __str__(self) -> str:
        return f"Invitation to {self.sub_account}"


class IdempotencyKey(TenantModel):
    """The answer once given to a write that its client may send again."""

    recording: ClassVar[Recording] = Recording.NEVER

    user_id = models.BigIntegerField()
    key = StringField()
    fingerprint = StringField(help_text="SHA-256 of method, path and body.")
    status = models.IntegerField(null=True)
    body = models.TextField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta(TenantModel.Meta):
        db_table = "idempotency_keys"
        default_related_name = "idempotency_keys"
        constraints = [
            models.UniqueConstraint(fields=["sub_account", "user_id", "key"], name="idempotency_keys_once"),
        ]
        indexes = [
            # What the pruning job deletes.
            models.Index(fields=["created_at"], name="idempotency_keys_age"),
        ]

    def __str__(self) -> str:
        return self.key
