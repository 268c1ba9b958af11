"""The console's pages of what security keeps: logs to read, incidents to resolve, lockouts to lift, sessions to end."""

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action

from security.models import (
    AccountLockout,
    AuthAttempt,
    ConversationMessage,
    PasswordHistory,
    RefreshToken,
    SecurityIncident,
)
from tenants.console.display import badge
from tenants.console.model_admin import ReadOnlyAdmin
from tenants.models import SubAccount

SEVERITY_COLOURS = {"LOW": "info", "MEDIUM": "warning", "HIGH": "danger", "CRITICAL": "danger"}


class SubAccountFilter(DropdownFilter):
    """Incidents of one sub-account: they outlive it, so they hold its number without a reference."""

    title = "sub-account"
    parameter_name = "sub_account_id"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in SubAccount.objects.order_by("name").values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        value = self.value() or ""
        return queryset.filter(sub_account_id=value) if value.isdecimal() else queryset


@admin.register(SecurityIncident)
class SecurityIncidentAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        badge("severity", SEVERITY_COLOURS),
        "type",
        "description",
        "sub_account_id",
        "resolved",
        "resolved_by",
    ]
    list_filter = [SubAccountFilter, "resolved", "severity", "type"]
    search_fields = ["description", "message_id"]
    date_hierarchy = "created_at"
    ordering = ["resolved", "-created_at", "id"]
    actions = ["resolve"]
    fieldsets = [
        (None, {"fields": ["severity", "type", "description"]}),
        ("About", {"fields": ["sub_account_id", "lead_id", "message_id", "user_id", "metadata"]}),
        ("Resolution", {"fields": ["resolved", "resolved_at", "resolved_by"]}),
    ]

    @action(description="Resolve selected incidents", permissions=["act"])
    def resolve(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        resolved = queryset.filter(resolved=False).update(
            resolved=True, resolved_at=timezone.now(), resolved_by=request.user.email
        )
        self.message_user(request, f"{resolved} incident{'' if resolved == 1 else 's'} resolved.")


@admin.register(ConversationMessage)
class ConversationMessageAdmin(ReadOnlyAdmin):
    """Shows that a message is there, when and by whom; what it says is read in the conversation itself."""

    list_display = ["message_timestamp", "sub_account", "lead", badge("role"), "validation_score"]
    list_filter = ["role"]
    search_fields = ["lead__name"]
    date_hierarchy = "message_timestamp"
    ordering = ["-message_timestamp", "id"]
    fieldsets = [
        (None, {"fields": ["sub_account", "lead", "role", "message_timestamp"]}),
        ("Checks", {"fields": ["validation_score", "metadata"]}),
    ]


@admin.register(AuthAttempt)
class AuthAttemptAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "email", "account_type", "success", "failure_reason", "ip_address"]
    list_filter = ["success", "account_type", "failure_reason", "is_new_location", "is_new_device"]
    search_fields = ["email", "ip_address"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    fieldsets = [
        (None, {"fields": ["email", "account_type", "success", "failure_reason"]}),
        ("From where", {"fields": ["ip_address", "user_agent", "geo_location", "is_new_location", "is_new_device"]}),
    ]


@admin.register(AccountLockout)
class AccountLockoutAdmin(ReadOnlyAdmin):
    list_display = ["email", "account_type", "failed_attempts", "locked_until", "last_attempt_at"]
    list_filter = ["account_type"]
    search_fields = ["email"]
    ordering = ["-last_attempt_at", "id"]
    actions = ["unlock"]
    fieldsets = [
        (None, {"fields": ["email", "account_type"]}),
        ("Lock", {"fields": ["failed_attempts", "locked_until", "last_attempt_at"]}),
    ]

    @action(description="Unlock selected accounts", permissions=["act"])
    def unlock(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        unlocked = queryset.update(failed_attempts=0, locked_until=None)
        self.message_user(request, f"{unlocked} account{'' if unlocked == 1 else 's'} unlocked.")


@admin.register(PasswordHistory)
class PasswordHistoryAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "account_type", "user_id"]
    list_filter = ["account_type"]
    search_fields = ["=user_id"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    fieldsets = [(None, {"fields": ["account_type", "user_id"]})]


@admin.register(RefreshToken)
class RefreshTokenAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "account_type", "user_id", "ip_address", "expires_at", "revoked_at"]
    list_filter = ["account_type", "revoked_at"]
    search_fields = ["=user_id", "ip_address"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    actions = ["end_sessions"]
    fieldsets = [
        (None, {"fields": ["account_type", "user_id", "ip_address", "user_agent"]}),
        ("Validity", {"fields": ["created_at", "expires_at", "revoked_at"]}),
    ]

    @action(description="End selected sessions", permissions=["act"])
    def end_sessions(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        ended = queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"{ended} session{'' if ended == 1 else 's'} ended.")
