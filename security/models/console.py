"""What the console keeps of an admin's sign-in: sessions, the second factor, and the codes for when it is lost."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loctelli.database.fields import CuidField, ForeignKey, StringField
from loctelli.database.models import StampedModel
from security.platform_secrets import SEALED_PATTERN, PlatformSecretField
from tenants.access import Access
from tenants.models import RecordedModel, RecordedQuerySet


class ConsoleSessionQuerySet(RecordedQuerySet):
    """Browsers' sessions."""

    def live(self) -> "ConsoleSessionQuerySet":
        """Leave those that have ended neither by time nor by not having been used."""
        now = timezone.now()
        idle = timedelta(minutes=settings.CONSOLE_IDLE_MINUTES)
        return self.filter(expire_date__gt=now, last_used_at__gt=now - idle)


class ConsoleSession(RecordedModel, AbstractBaseSession):
    """A browser's session in the console, known by the SHA-256 of its key: a dump of the table opens none."""

    access: ClassVar[Access] = Access.SYSTEM

    session_key = StringField(_("SHA-256 of the key"), primary_key=True)
    # Nobody's until somebody has signed in with everything that is asked.
    admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True)

    ip_address = StringField(null=True)
    user_agent = models.TextField(null=True)

    expire_date = models.DateTimeField(_("ends at the latest"))
    created_at = models.DateTimeField(_("signed in"), db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(_("last used"), db_default=Now())

    objects = ConsoleSessionQuerySet.as_manager()

    class Meta:
        db_table = "console_sessions"
        default_related_name = "console_sessions"
        verbose_name = _("console session")
        indexes = [
            # The sessions of one admin, and what their deletion takes along.
            models.Index(fields=["admin", "last_used_at"], name="console_sessions_admin"),
            # What the pruning job deletes.
            models.Index(fields=["expire_date"], name="console_sessions_expiry"),
        ]

    def __str__(self) -> str:
        return gettext("Session of %(name)s") % {"name": self.admin or gettext("nobody")}


class SecondFactorQuerySet(RecordedQuerySet):
    """Authenticator apps."""

    def confirmed(self) -> "SecondFactorQuerySet":
        """Leave those that a first code has shown to work."""
        return self.filter(confirmed_at__isnull=False)


class SecondFactor(RecordedModel, StampedModel):
    """An admin's authenticator app: its secret, sealed under the key ring, and the last code's step, which is spent."""

    access: ClassVar[Access] = Access.SYSTEM

    id = CuidField()
    admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)

    secret = PlatformSecretField()
    confirmed_at = models.DateTimeField(
        null=True, help_text=_("Empty until a first code has shown that the app has it.")
    )
    last_step = models.BigIntegerField(
        default=0, db_default=0, help_text=_("Codes of this time step and before are spent.")
    )

    objects = SecondFactorQuerySet.as_manager()

    class Meta:
        db_table = "second_factors"
        default_related_name = "second_factors"
        constraints = [
            models.UniqueConstraint(fields=["admin"], name="second_factors_admin"),
            models.CheckConstraint(condition=Q(secret__regex=SEALED_PATTERN), name="second_factors_secret_sealed"),
        ]

    def __str__(self) -> str:
        return f"Second factor of {self.admin}"


class RecoveryCode(RecordedModel):
    """One way in without the authenticator app, good for one time: the SHA-256 of 80 random bits."""

    access: ClassVar[Access] = Access.SYSTEM

    id = CuidField()
    admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)

    code_hash = StringField()
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "recovery_codes"
        default_related_name = "recovery_codes"
        constraints = [
            # Also finds the code that an admin typed.
            models.UniqueConstraint(fields=["admin", "code_hash"], name="recovery_codes_once"),
            models.CheckConstraint(condition=Q(code_hash__regex="^[0-9a-f]{64}$"), name="recovery_codes_hashed"),
        ]

    def __str__(self) -> str:
        return f"Recovery code of {self.admin}"
