"""The console's pages of what security keeps: logs to read and incidents to resolve."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import validate_ipv46_address
from django.db import models
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from security.actions import INCIDENT_ACTIONS
from security.choices import AuditAction
from security.models import AuditEntry, AuthAttempt, ConversationMessage, PasswordHistory, SecurityIncident
from tenants.console import history
from tenants.console.display import as_json, badge
from tenants.console.filters import SubAccountFilter, by_choice, by_month
from tenants.console.forms import is_key
from tenants.console.links import link_to
from tenants.console.lists import Link, list_url
from tenants.console.model_admin import ReadOnlyAdmin

LONGEST_NAME = 60
SEVERITY_COLOURS = {"LOW": "info", "MEDIUM": "warning", "HIGH": "danger", "CRITICAL": "danger"}


@admin.register(SecurityIncident)
class SecurityIncidentAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        badge("severity", SEVERITY_COLOURS),
        "type",
        "description",
        "owner",
        "resolved",
        "resolved_by",
    ]
    list_filter = [SubAccountFilter, "resolved", "severity", "type"]
    search_fields = ["description", "message_id"]
    date_hierarchy = "created_at"
    ordering = ["resolved", "-created_at", "id"]
    actions = INCIDENT_ACTIONS
    readonly_fields = ["owner", "note"]
    fieldsets = [
        (None, {"fields": ["severity", "type", "description"]}),
        (_("About"), {"fields": ["owner", "lead_id", "message_id", "user_id", "metadata"]}),
        (_("Resolution"), {"fields": ["resolved", "resolved_at", "resolved_by", "note"]}),
    ]

    def related_links(self, request: HttpRequest, row: Any) -> list[Link]:
        """Lead to the attempts from the same address and on the same account, and to whom it is about."""
        metadata = row.metadata if isinstance(row.metadata, dict) else {}
        attempts, found = "security.AuthAttempt", super().related_links(request, row)
        if self.may_view(request, attempts):
            found += [
                Link(words % {"value": metadata[name]}, list_url(attempts, q=metadata[name]))
                for name, words in (
                    ("ip_address", gettext("Attempts from %(value)s")),
                    ("address", gettext("Attempts from %(value)s")),
                    ("email", gettext("Attempts on %(value)s")),
                )
                if metadata.get(name)
            ]
        about = (
            ("accounts.User", row.user_id, gettext("User: %(name)s")),
            ("accounts.AdminUser", metadata.get("admin_id"), gettext("Admin: %(name)s")),
            ("crm.Lead", row.lead_id, gettext("Lead: %(name)s")),
        )
        return found + [
            Link(words % {"name": there}, reverse(f"admin:{label.lower().replace('.', '_')}_change", args=[there.pk]))
            for label, key, words in about
            if self.may_view(request, label) and (there := found_by(label, key)) is not None
        ]

    @display(description=_("Note"))
    def note(self, incident: SecurityIncident) -> str:
        if not incident.resolved:
            return "–"
        return (incident.metadata or {}).get("note", "–")


def found_by(label: str, key: Any) -> models.Model | None:
    """Return the row that an incident names, which may be gone by now."""
    model = apps.get_model(label)
    return model._base_manager.filter(pk=key).first() if key and is_key(model._meta.pk, key) else None


@admin.register(ConversationMessage)
class ConversationMessageAdmin(ReadOnlyAdmin):
    """Shows that a message is there, when and by whom; what it says is read in the conversation itself."""

    list_display = ["message_timestamp", "sub_account", "lead", badge("role"), "validation_score"]
    list_filter = ["role", by_month("message_timestamp")]
    search_fields = ["lead"]
    search_help_text = _("Part of the lead's name, phone number or address")
    # Their keys sort by time, and are indexed.
    ordering = ["-id"]
    fieldsets = [
        (None, {"fields": ["sub_account", "lead", "role", "message_timestamp"]}),
        (_("Checks"), {"fields": ["validation_score", "metadata"]}),
    ]


@admin.register(AuthAttempt)
class AuthAttemptAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "email", "account_type", "success", "failure_reason", "ip_address"]
    list_filter = [
        "success",
        "account_type",
        "failure_reason",
        "is_new_location",
        "is_new_device",
        by_month("created_at"),
    ]
    search_fields = ["email", "ip_address"]
    search_help_text = _("Address of an account, or IP address")
    # Their keys sort by time, and are indexed.
    ordering = ["-id"]
    fieldsets = [
        (None, {"fields": ["email", "account_type", "success", "failure_reason"]}),
        (_("From where"), {"fields": ["ip_address", "user_agent", "geo_location", "is_new_location", "is_new_device"]}),
    ]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        """Look a whole address up in its index; a part of one takes reading all attempts."""
        term = search_term.strip()
        if "@" in term:
            found = queryset.filter(email=term)
        elif is_ip_address(term):
            found = queryset.filter(ip_address=term)
        else:
            return super().get_search_results(request, queryset, search_term)
        return (found, False) if found.exists() else super().get_search_results(request, queryset, search_term)


@admin.register(PasswordHistory)
class PasswordHistoryAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "account_type", "user_id"]
    list_filter = ["account_type"]
    search_fields = ["=user_id"]
    ordering = ["-id"]
    fieldsets = [(None, {"fields": ["account_type", "user_id"]})]


def is_ip_address(text: str) -> bool:
    """Return whether a text is a whole IP address."""
    try:
        validate_ipv46_address(text)
    except ValidationError:
        return False
    return True


def recorded_kinds() -> list[tuple[str, str]]:
    """Return the kinds of thing whose changes the audit trail keeps."""
    recorded = [model for model in apps.get_models() if getattr(model, "access", None) is not None]
    return sorted((model._meta.label_lower, str(model._meta.verbose_name)) for model in recorded)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what, over the whole platform: for super admins. One row's entries stand on its history page."""

    grantable = ()

    list_display = [
        "created_at",
        badge("action", {"create": "success", "update": "info", "delete": "danger"}),
        "kind",
        "thing",
        "actor_name",
        "actor_type",
        "owner",
    ]
    list_filter = [
        SubAccountFilter,
        "action",
        "actor_type",
        by_choice("model", recorded_kinds, _("kind")),
        by_month("created_at"),
    ]
    search_fields = ["object_name", "=object_id", "actor_name", "=request_id"]
    ordering = ["-created_at", "-id"]
    readonly_fields = ["owner", "shown_changes", "went_along"]
    fieldsets = [
        (None, {"fields": ["action", "model", "object_id", "object_name", "rows", "object_ids", "owner"]}),
        (_("Changes"), {"fields": ["shown_changes", "went_along"]}),
        (_("Who"), {"fields": ["actor_type", "actor_id", "actor_name", "address", "request_id"]}),
    ]

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return request.user.is_superuser

    @display(description=_("kind"))
    def kind(self, entry: AuditEntry) -> str:
        return str(dict(recorded_kinds()).get(entry.model, entry.model))

    @display(description=_("name"), empty_value="–")
    def thing(self, entry: AuditEntry) -> str | None:
        """Lead to the row that was changed, where it has a page and is not known to be gone."""
        words = Truncator(entry.object_name or entry.object_id).chars(LONGEST_NAME)
        has_page = any(model._meta.label_lower == entry.model for model in self.admin_site._registry)
        if not words or not entry.object_id or not has_page or entry.action == AuditAction.DELETE:
            return words or None
        return link_to(entry.model, entry.object_id, words)

    @display(description=_("Fields"))
    def shown_changes(self, entry: AuditEntry) -> str:
        return render_to_string("console/changes.html", {"changes": history.changes_in(entry)})

    @display(description=_("Deleted along"))
    def went_along(self, entry: AuditEntry) -> str:
        return as_json(entry.deleted_along)
