"""The console's pages of leads, bookings and contact submissions."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from crm.actions import BOOKING_ACTIONS, CONTACT_ACTIONS, LEAD_ACTIONS
from crm.choices import ContactStatus
from crm.models import Booking, ContactSubmission, Lead
from security.encryption import EncryptionError
from tenants.console.display import as_json, badge
from tenants.console.model_admin import ConsoleAdmin

LEAD_COLOURS = {"qualified": "success", "booked": "success", "active": "info", "disqualified": "danger"}
BOOKING_COLOURS = {"confirmed": "success", "completed": "success", "pending": "warning", "no_show": "danger"}
CONTACT_COLOURS = {"NEW": "info", "QUALIFIED": "success", "CLOSED_WON": "success", "CLOSED_LOST": "danger"}
PRIORITY_COLOURS = {"LOW": "info", "HIGH": "warning", "URGENT": "danger"}
UNREADABLE = "Can't be decrypted with the keys of this installation."


@admin.register(Lead)
class LeadAdmin(ConsoleAdmin):
    actions = LEAD_ACTIONS
    list_display = [
        "name",
        "email",
        "phone",
        "sub_account",
        badge("status", LEAD_COLOURS),
        "regular_user",
        "strategy",
        "last_message_at",
    ]
    list_filter = ["status"]
    search_fields = ["name", "email", "phone", "company", "custom_id"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    readonly_fields = ["latest_message", "last_message_at", "imported_history"]
    fieldsets = [
        (None, {"fields": ["sub_account", "name", "email", "phone", "company", "position", "timezone", "custom_id"]}),
        ("Work", {"fields": ["regular_user", "strategy", "status", "notes"]}),
        ("Conversation", {"fields": ["latest_message", "last_message_at", "conversation_state", "imported_history"]}),
    ]
    add_fieldsets = fieldsets[:2]

    @display(description="Last message at", ordering="last_message_date")
    def last_message_at(self, lead: Lead) -> datetime | str | None:
        # Whatever was imported as a date is shown as it is, when it is none.
        try:
            return datetime.fromisoformat(lead.last_message_date) if lead.last_message_date else None
        except ValueError:
            return lead.last_message_date

    @display(description="Last message")
    def latest_message(self, lead: Lead) -> str | None:
        try:
            return lead.last_message
        except EncryptionError:
            return UNREADABLE

    @display(description="History it was imported with")
    def imported_history(self, lead: Lead) -> str:
        try:
            return as_json(lead.message_history)
        except EncryptionError:
            return UNREADABLE


@admin.register(Booking)
class BookingAdmin(ConsoleAdmin):
    actions = BOOKING_ACTIONS
    list_display = [
        "__str__",
        badge("status", BOOKING_COLOURS),
        "sub_account",
        "regular_user",
        "lead",
        "created_at",
    ]
    list_filter = ["status", "booking_type"]
    search_fields = ["lead__name", "regular_user__name"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    fieldsets = [
        (None, {"fields": ["sub_account", "regular_user", "lead", "booking_type", "status"]}),
        ("Meeting", {"fields": ["details"]}),
    ]


@admin.register(ContactSubmission)
class ContactSubmissionAdmin(ConsoleAdmin):
    actions = CONTACT_ACTIONS
    list_display = [
        "full_name",
        "email",
        "phone",
        "sub_account",
        badge("status", CONTACT_COLOURS),
        badge("priority", PRIORITY_COLOURS),
        "assigned_to",
        "submitted_at",
    ]
    list_filter = ["status", "priority", "source"]
    search_fields = ["full_name", "email", "phone", "services"]
    date_hierarchy = "submitted_at"
    ordering = ["-submitted_at", "id"]
    readonly_fields = ["shown_notes", "submitted_at", "followed_up_at", "closed_at"]
    fieldsets = [
        (None, {"fields": ["sub_account", "full_name", "email", "phone"]}),
        ("Request", {"fields": ["services", "message", "source"]}),
        ("Work", {"fields": ["status", "priority", "assigned_to", "shown_notes"]}),
        ("Dates", {"fields": ["submitted_at", "followed_up_at", "closed_at"]}),
    ]
    add_fieldsets = [*fieldsets[:2], ("Work", {"fields": ["status", "priority", "assigned_to"]})]

    @display(description="Notes")
    def shown_notes(self, submission: ContactSubmission) -> str:
        return as_json(submission.notes)

    def save_model(self, request: HttpRequest, obj: ContactSubmission, form: Any, change: bool) -> None:
        obj.move_to(ContactStatus(obj.status))
        super().save_model(request, obj, form, change)
