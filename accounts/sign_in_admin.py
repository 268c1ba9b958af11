"""The console's pages of what signing in leaves behind: sessions of users and admins to end, lockouts to lift."""

from typing import Any

from django.db import models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.actions import CONSOLE_SESSION_ACTIONS, LOCKOUT_ACTIONS, TOKEN_ACTIONS
from accounts.models import AdminUser, User
from security.choices import AccountType
from security.models import RefreshToken
from tenants.console.lists import Link, list_url
from tenants.console.model_admin import ReadOnlyAdmin


class RefreshTokenAdmin(ReadOnlyAdmin):
    """Sessions over the API: a row for each token, the latest of a session's being the one that renews it."""

    list_display = [
        "account",
        "account_type",
        "ip_address",
        "user_agent",
        "session_started_at",
        "created_at",
        "expires_at",
        "state",
    ]
    list_filter = ["account_type", "remembered"]
    search_fields = ["account_email", "=user_id", "ip_address"]
    # Their keys sort by time, and are indexed.
    ordering = ["-id"]
    actions = TOKEN_ACTIONS
    readonly_fields = ["account", "state_words"]
    fieldsets = [
        (None, {"fields": ["account", "account_type", "user_id", "ip_address", "user_agent"]}),
        (
            _("Validity"),
            {
                "fields": [
                    "state_words",
                    "remembered",
                    "session_started_at",
                    "expires_at",
                    "session_expires_at",
                    "revoked_at",
                ]
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        emails = [Subquery(model.objects.filter(pk=OuterRef("user_id")).values("email")) for model in (User, AdminUser)]
        whose = models.Case(models.When(account_type=AccountType.USER, then=emails[0]), default=emails[1])
        return super().get_queryset(request).annotate(account_email=Coalesce(whose, models.Value("deleted")))

    @display(description=_("account"), ordering="account_email")
    def account(self, token: Any) -> str:
        return token.account_email

    @display(description=_("state"), label={"live": "success"})
    def state(self, token: RefreshToken) -> tuple[str, str]:
        """Say whether a session goes on, in the colour of that."""
        ended = token.revoked_at is not None or token.rotated_at is not None
        return "over" if ended else "live", self.state_words(token)

    @display(description=_("state"))
    def state_words(self, token: RefreshToken) -> str:
        if token.revoked_at is not None:
            return gettext("Ended")
        return gettext("Renewed") if token.rotated_at is not None else gettext("Live")


class ConsoleSessionAdmin(ReadOnlyAdmin):
    """Admins' sessions in the console, those that go on; their keys are stored as hashes and shown nowhere."""

    list_display = ["admin", "ip_address", "user_agent", "created_at", "last_used_at", "expire_date"]
    search_fields = ["admin__name", "admin__email", "ip_address"]
    ordering = ["-last_used_at", "session_key"]
    actions = CONSOLE_SESSION_ACTIONS
    fieldsets = [
        (None, {"fields": ["admin", "ip_address", "user_agent"]}),
        (_("Validity"), {"fields": ["created_at", "last_used_at", "expire_date"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).live().filter(admin__isnull=False)


class AccountLockoutAdmin(ReadOnlyAdmin):
    list_display = ["email", "account_type", "failed_attempts", "locked_until", "last_attempt_at"]
    list_filter = ["account_type"]
    search_fields = ["email"]
    ordering = ["-last_attempt_at", "id"]
    actions = LOCKOUT_ACTIONS
    fieldsets = [
        (None, {"fields": ["email", "account_type"]}),
        (_("Lock"), {"fields": ["failed_attempts", "locked_until", "last_attempt_at"]}),
    ]

    def related_links(self, request: HttpRequest, row: Any) -> list[Link]:
        found = super().related_links(request, row)
        if self.may_view(request, "security.AuthAttempt"):
            words = gettext("Attempts on %(email)s") % {"email": row.email}
            found.append(Link(words, list_url("security.AuthAttempt", q=row.email)))
        return found
