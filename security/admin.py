"""The console's pages of what security keeps: logs to read and incidents to resolve."""

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from security import incidents
from security.models import AuditEntry, AuthAttempt, ConversationMessage, PasswordHistory, SecurityIncident
from tenants.console import history
from tenants.console.display import as_json, badge
from tenants.console.model_admin import ReadOnlyAdmin
from tenants.models import SubAccount

SEVERITY_COLOURS = {"LOW": "info", "MEDIUM": "warning", "HIGH": "danger", "CRITICAL": "danger"}


class ResolutionForm(forms.Form):
    """What was found out about incidents."""

    note = forms.CharField(
        max_length=5000,
        widget=UnfoldAdminTextareaWidget,
        help_text="What happened, and what was done about it. Kept with each of them.",
    )


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
    readonly_fields = ["related", "note"]
    fieldsets = [
        (None, {"fields": ["severity", "type", "description"]}),
        ("About", {"fields": ["related", "sub_account_id", "lead_id", "message_id", "user_id", "metadata"]}),
        ("Resolution", {"fields": ["resolved", "resolved_at", "resolved_by", "note"]}),
    ]

    @display(description="See")
    def related(self, incident: SecurityIncident) -> str:
        """Link to the attempts from the same address and on the same account, and to whom it is about."""
        attempts = reverse("admin:security_authattempt_changelist")
        metadata = incident.metadata if isinstance(incident.metadata, dict) else {}
        links = [
            (f"{attempts}?{urlencode({'q': metadata[name]})}", f"Attempts {words} {metadata[name]}")
            for name, words in (("ip_address", "from"), ("address", "from"), ("email", "on"))
            if metadata.get(name)
        ]
        pages = (("accounts_user", incident.user_id, "User"), ("crm_lead", incident.lead_id, "Lead"))
        links += [(reverse(f"admin:{page}_change", args=[key]), f"{noun} {key}") for page, key, noun in pages if key]
        link = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'
        return format_html_join(" · ", link, links) or "–"

    @display(description="Note")
    def note(self, incident: SecurityIncident) -> str:
        if not incident.resolved:
            url = reverse("admin:security_securityincident_resolve", args=[incident.pk])
            return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">Resolve it</a>', url)
        return (incident.metadata or {}).get("note", "–")

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(self.resolve_view)
        return [path("<path:object_id>/resolve/", view, name="security_securityincident_resolve"), *super().get_urls()]

    def resolve_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Resolve one incident from its own page."""
        if not self.has_act_permission(request):
            raise PermissionDenied
        incident = get_object_or_404(SecurityIncident, pk=unquote(object_id))
        asked = self.resolve(request, SecurityIncident.objects.filter(pk=incident.pk))
        return asked or HttpResponseRedirect(reverse("admin:security_securityincident_change", args=[incident.pk]))

    @action(description="Resolve selected incidents", permissions=["act"])
    def resolve(self, request: HttpRequest, queryset: models.QuerySet) -> TemplateResponse | None:
        """Ask for a note on what was found, then resolve."""
        form = ResolutionForm(request.POST if "resolve" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": "Resolve incidents",
                "opts": self.opts,
                "incidents": queryset,
                "form": form,
            }
            return TemplateResponse(request, "console/resolve_incidents.html", context)
        note = form.cleaned_data["note"]
        resolved = sum(incidents.resolve(incident, by=request.user, note=note) for incident in queryset)
        self.message_user(request, f"{resolved} incident{'' if resolved == 1 else 's'} resolved.")
        return None


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


@admin.register(PasswordHistory)
class PasswordHistoryAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "account_type", "user_id"]
    list_filter = ["account_type"]
    search_fields = ["=user_id"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    fieldsets = [(None, {"fields": ["account_type", "user_id"]})]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what, over the whole platform: for super admins. One row's entries stand on its history page."""

    list_display = [
        "created_at",
        badge("action", {"create": "success", "update": "info", "delete": "danger"}),
        "model",
        "object_id",
        "object_name",
        "actor_type",
        "actor_name",
        "sub_account_id",
    ]
    list_filter = [SubAccountFilter, "action", "actor_type", "model"]
    search_fields = ["object_name", "=object_id", "actor_name", "=request_id"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-id"]
    readonly_fields = ["shown_changes", "went_along"]
    fieldsets = [
        (None, {"fields": ["action", "model", "object_id", "object_name", "sub_account_id"]}),
        ("Changes", {"fields": ["shown_changes", "went_along"]}),
        ("Who", {"fields": ["actor_type", "actor_id", "actor_name", "address", "request_id"]}),
    ]

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return request.user.is_superuser

    @display(description="Fields")
    def shown_changes(self, entry: AuditEntry) -> str:
        return render_to_string("console/changes.html", {"changes": history.changes_in(entry)})

    @display(description="Deleted along")
    def went_along(self, entry: AuditEntry) -> str:
        return as_json(entry.deleted_along)
