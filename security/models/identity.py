"""Records of sign-in: they name accounts of both kinds by address or number, without a foreign key."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loctelli.database.constraints import HEX_DIGEST, one_of, shaped
from loctelli.database.fields import AccountEmailField, CuidField, StringField
from loctelli.database.models import StampedModel
from security.choices import AccountType, FailureReason
from tenants.access import Access, Recording
from tenants.models import RecordedModel, RecordedQuerySet


class AuthAttempt(models.Model):
    """One try to sign in: an append-only log."""

    access: ClassVar[Access] = Access.SYSTEM
    recording: ClassVar[Recording] = Recording.NEVER

    id = CuidField()
    email = AccountEmailField()
    account_type = StringField(choices=AccountType)

    success = models.BooleanField()
    failure_reason = StringField(null=True, blank=True, choices=FailureReason)
    ip_address = StringField()
    user_agent = models.TextField(null=True, blank=True)
    geo_location = models.JSONField(null=True, blank=True)
    is_new_location = models.BooleanField(default=False, db_default=False)
    is_new_device = models.BooleanField(default=False, db_default=False)

    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "auth_attempts"
        default_related_name = "auth_attempts"
        constraints = [
            one_of("account_type", AccountType, name="auth_attempts_account_type"),
            one_of("failure_reason", FailureReason, name="auth_attempts_failure_reason"),
        ]
        indexes = [
            # The attempts on one account, newest last.
            models.Index(fields=["email", "account_type", "created_at"], name="auth_attempts_account"),
            # The attempts from one address.
            models.Index(fields=["ip_address", "created_at"], name="auth_attempts_address"),
            # The latest failures over all accounts.
            models.Index(fields=["success", "created_at"], name="auth_attempts_success"),
        ]

    def __str__(self) -> str:
        told = gettext("%(email)s signed in") if self.success else gettext("%(email)s was refused")
        return told % {"email": self.email}


class AccountLockout(RecordedModel, StampedModel):
    """How often an account failed in a row and until when it is locked."""

    access: ClassVar[Access] = Access.SYSTEM

    id = CuidField()
    email = AccountEmailField()
    account_type = StringField(choices=AccountType)

    failed_attempts = models.IntegerField(default=0, db_default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "account_lockouts"
        default_related_name = "account_lockouts"
        constraints = [
            models.UniqueConstraint(fields=["email", "account_type"], name="account_lockouts_account"),
            one_of("account_type", AccountType, name="account_lockouts_account_type"),
        ]
        indexes = [
            # Who is locked now.
            models.Index(fields=["locked_until"], name="account_lockouts_until"),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.get_account_type_display()})"


class PasswordHistory(models.Model):
    """A password an account had before, as its hash: written down when another one takes its place."""

    access: ClassVar[Access] = Access.SYSTEM
    recording: ClassVar[Recording] = Recording.NEVER

    id = CuidField()
    user_id = models.BigIntegerField()
    account_type = StringField(choices=AccountType)
    password_hash = StringField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "password_history"
        verbose_name_plural = _("password history")
        default_related_name = "password_history"
        constraints = [one_of("account_type", AccountType, name="password_history_account_type")]
        indexes = [
            # The last passwords of one account.
            models.Index(fields=["user_id", "account_type", "created_at"], name="password_history_account"),
        ]

    def __str__(self) -> str:
        return f"{self.get_account_type_display()} {self.user_id}, {self.created_at:%Y-%m-%d}"


class KnownDevice(RecordedModel):
    """A device that an account has signed in from. Its failures are counted apart, so that nobody can lock it out."""

    access: ClassVar[Access] = Access.SYSTEM

    id = CuidField()
    user_id = models.BigIntegerField()
    account_type = StringField(choices=AccountType)

    user_agent = models.TextField(null=True, blank=True)
    ip_address = StringField()

    failed_attempts = models.IntegerField(default=0, db_default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "known_devices"
        default_related_name = "known_devices"
        constraints = [one_of("account_type", AccountType, name="known_devices_account_type")]
        indexes = [
            # The devices of one account.
            models.Index(fields=["user_id", "account_type"], name="known_devices_account"),
            # What the pruning job deletes.
            models.Index(fields=["last_used_at"], name="known_devices_use"),
        ]

    def __str__(self) -> str:
        return f"Device of {self.account_type} {self.user_id}"


class RefreshTokenQuerySet(RecordedQuerySet):
    """Tokens, and the sessions whose latest ones they are."""

    def live(self) -> "RefreshTokenQuerySet":
        """Leave the tokens that renew a session: of each session there is one at most."""
        return self.filter(rotated_at=None, revoked_at=None, expires_at__gt=timezone.now())

    def of(self, kind: AccountType, user_id: int) -> "RefreshTokenQuerySet":
        return self.filter(account_type=kind, user_id=user_id)


class RefreshToken(RecordedModel):
    """The SHA-256 of a token that renews a session once. Its successor stays in the family, which is the session."""

    access: ClassVar[Access] = Access.SYSTEM

    id = CuidField()
    user_id = models.BigIntegerField()
    account_type = StringField(choices=AccountType)
    token_hash = StringField(unique=True, help_text=_("SHA-256 of the token, in hex."))
    family = StringField(help_text=_("The id of the first token of this sign-in."))
    stamp = StringField(help_text=_("Changes with the account's password and sub-account, which end the session."))

    ip_address = StringField()
    user_agent = models.TextField(null=True, blank=True)
    remembered = models.BooleanField(default=False, db_default=False)

    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    rotated_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    session_started_at = models.DateTimeField(db_default=Now())
    session_expires_at = models.DateTimeField(help_text=_("When the session ends however much it is used."))

    objects = RefreshTokenQuerySet.as_manager()

    class Meta:
        db_table = "refresh_tokens"
        default_related_name = "refresh_tokens"
        constraints = [
            one_of("account_type", AccountType, name="refresh_tokens_account_type"),
            shaped("token_hash", HEX_DIGEST, name="refresh_tokens_token_hash"),
            # A chain that never forks; also finds the session of an access token.
            models.UniqueConstraint(
                fields=["family"], condition=Q(rotated_at=None, revoked_at=None), name="refresh_tokens_one_chain"
            ),
        ]
        indexes = [
            # The sessions of one account.
            models.Index(fields=["user_id", "account_type"], name="refresh_tokens_account"),
            # What the pruning job deletes.
            models.Index(fields=["expires_at"], name="refresh_tokens_expiry"),
        ]

    def __str__(self) -> str:
        return gettext("Session of %(kind)s %(number)s") % {
            "kind": self.get_account_type_display(),
            "number": self.user_id,
        }
