"""The console's pages of leads, bookings and contact submissions."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter, FieldTextFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from crm.actions import BOOKING_ACTIONS, CONTACT_ACTIONS, LEAD_ACTIONS
from crm.choices import ContactStatus, LeadStatus
from crm.conversation_page import ConversationAdmin
from crm.meetings import DAY, starts_at, still_to_come
from crm.models import Booking, ContactSubmission, Lead
from crm.notes_admin import NotesAdmin
from crm.stages import own_stages
from tenants.console.display import badge
from tenants.console.filters import by_month
from tenants.console.forms import ConsoleForm, is_key
from tenants.console.lists import Related
from tenants.console.model_admin import ConsoleAdmin
from tenants.console.narrowing import narrowed_to
from tenants.models import SubAccount

LEAD_COLOURS = {"qualified": "success", "booked": "success", "active": "info", "disqualified": "danger"}
BOOKING_COLOURS = {"confirmed": "success", "completed": "success", "pending": "warning", "no_show": "danger"}
CONTACT_COLOURS = {"NEW": "info", "QUALIFIED": "success", "CLOSED_WON": "success", "CLOSED_LOST": "danger"}
PRIORITY_COLOURS = {"LOW": "info", "HIGH": "warning", "URGENT": "danger"}


@display(description=_("e-mail, phone"))
def reached_by(row: Lead | ContactSubmission) -> str | None:
    """Show both in one column, for there are more of them than a screen is wide."""
    return format_html_join(mark_safe("<br>"), "{}", ((words,) for words in (row.email, row.phone) if words)) or None


class LeadForm(ConsoleForm):
    """A lead's form: its status is one of the stages of the sub-account that it is of."""

    status = forms.ChoiceField(label=_("Status"), widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "status" in self.fields:
            self.fields["status"].choices = self.stages()  # type: ignore[attr-defined]

    def stages(self) -> list[tuple[str, Any]]:
        """Return the stages of the sub-account, as far as it is known, and the one that the lead is at."""
        owner = self["sub_account"].value() if "sub_account" in self.fields else self.instance.sub_account_id
        known = SubAccount.objects.filter(pk=owner) if owner and is_key(SubAccount._meta.pk, owner) else None
        own = {stage for stages in own_stages(known).values() for stage in stages} if known is not None else set()
        added = sorted({*own, self.instance.status} - set(LeadStatus.values))
        return [*LeadStatus.choices, *((stage, stage) for stage in added)]


class LeadStatusFilter(DropdownFilter):
    """Where leads stand, in the stages of the sub-account that is shown."""

    title = _("status")
    parameter_name = "status__exact"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        chosen = narrowed_to(request)
        own = own_stages(SubAccount.objects.filter(pk=chosen.pk))[chosen.pk] if chosen and chosen.settings else set()
        return [*LeadStatus.choices, *((stage, stage) for stage in sorted(own - set(LeadStatus.values)))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        return queryset.filter(status=self.value()) if self.value() else queryset


class ToComeFilter(DropdownFilter):
    """Meetings that are neither over nor cancelled, soonest first."""

    title = _("time")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("to_come", _("Still to come"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        return still_to_come(queryset, now=timezone.now()) if self.value() == "to_come" else queryset


@admin.register(Lead)
class LeadAdmin(ConversationAdmin):
    form = LeadForm
    actions = LEAD_ACTIONS
    list_display = [
        "name",
        badge("status", LEAD_COLOURS),
        reached_by,
        "sub_account",
        "regular_user",
        "last_message_at",
        "created_at",
    ]
    list_filter = [
        LeadStatusFilter,
        ("regular_user", AutocompleteSelectFilter),
        ("strategy", AutocompleteSelectFilter),
        by_month("created_at", _("month it came in")),
    ]
    search_fields = ["name", "email", "phone", "company", "custom_id"]
    search_help_text = _("Part of a name, phone number or address")
    ordering = ["-created_at", "-id"]
    leads_to = (Related("crm.Booking", "lead__id__exact", _("Bookings")),)
    readonly_fields = ["last_message_at"]
    fieldsets = [
        (None, {"fields": ["sub_account", "name", "email", "phone", "company", "position", "timezone", "custom_id"]}),
        (_("Work"), {"fields": ["regular_user", "strategy", "status", "notes"]}),
        (_("Conversation"), {"fields": ["last_message_at", "conversation_state"]}),
    ]
    add_fieldsets = fieldsets[:2]

    def get_sortable_by(self, request: HttpRequest) -> list[str]:
        """Offer what an index serves: by any other column a million leads would have to be sorted."""
        return ["created_at"] if narrowed_to(request) is None else ["name", "created_at"]

    @display(description=_("last message"))
    def last_message_at(self, lead: Lead) -> str | None:
        # Whatever was imported as a date is shown as it is, when it is none.
        try:
            found = datetime.fromisoformat(lead.last_message_date) if lead.last_message_date else None
        except ValueError:
            return lead.last_message_date
        return None if found is None else formats.localize(timezone.template_localtime(found))


@admin.register(Booking)
class BookingAdmin(ConsoleAdmin):
    actions = BOOKING_ACTIONS
    list_display = [
        "starts",
        "booking_type",
        badge("status", BOOKING_COLOURS),
        "lead",
        "regular_user",
        "sub_account",
        "created_at",
    ]
    list_filter = [
        ToComeFilter,
        "status",
        "booking_type",
        ("regular_user", AutocompleteSelectFilter),
        by_month("created_at", _("month it was made")),
    ]
    search_fields = ["lead"]
    search_help_text = _("Part of the lead's name, phone number or address")
    sortable_by = ["created_at"]
    ordering = ["-created_at", "-id"]
    fieldsets = [
        (None, {"fields": ["sub_account", "regular_user", "lead", "booking_type", "status"]}),
        (_("Meeting"), {"fields": ["details"]}),
    ]

    def get_ordering(self, request: HttpRequest) -> list:
        """Put the soonest meeting first among those to come."""
        return [DAY.asc(), "id"] if request.GET.get(ToComeFilter.parameter_name) == "to_come" else self.ordering

    @display(description=_("when"), empty_value=_("not said"))
    def starts(self, booking: Booking) -> datetime | None:
        return starts_at(booking)


@admin.register(ContactSubmission)
class ContactSubmissionAdmin(NotesAdmin):
    actions = CONTACT_ACTIONS
    list_display = [
        "full_name",
        reached_by,
        "sub_account",
        badge("status", CONTACT_COLOURS),
        badge("priority", PRIORITY_COLOURS),
        "assigned_to",
        "submitted_at",
    ]
    list_filter = [
        "status",
        "priority",
        ("assigned_to", AutocompleteSelectFilter),
        ("source", FieldTextFilter),
        by_month("submitted_at", _("month it came in")),
    ]
    search_fields = ["full_name", "email", "phone", "services"]
    ordering = ["-submitted_at", "-id"]
    readonly_fields = ["timeline", "submitted_at", "followed_up_at", "closed_at"]
    fieldsets = [
        (None, {"fields": ["sub_account", "full_name", "email", "phone"]}),
        (_("Request"), {"fields": ["services", "message", "source"]}),
        (_("Work"), {"fields": ["status", "priority", "assigned_to", "timeline", "new_note"]}),
        (_("Dates"), {"fields": ["submitted_at", "followed_up_at", "closed_at"]}),
    ]
    add_fieldsets = [*fieldsets[:2], (_("Work"), {"fields": ["status", "priority", "assigned_to"]})]

    def save_model(self, request: HttpRequest, obj: ContactSubmission, form: Any, change: bool) -> None:
        obj.move_to(ContactStatus(obj.status))
        super().save_model(request, obj, form, change)
