"""Leads: the people agents talk with."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.choices import LeadStatus
from crm.shapes import CONVERSATION_STATE
from loctelli.database.fields import EmailField, ForeignKey, JSONField, StringField
from loctelli.database.models import StampedModel
from loctelli.timezones import validate_timezone
from security.fields import EncryptedJSONField, EncryptedTextField, sealed
from tenants.models import TenantModel
from tenants.search import SearchGin, SearchIndex, SearchTextField


class Lead(TenantModel, StampedModel):
    """A potential customer, owned by one person and talked to by one strategy."""

    name = StringField()
    email = EmailField(null=True, blank=True)
    phone = StringField(null=True, blank=True)
    company = StringField(null=True, blank=True)
    position = StringField(null=True, blank=True)
    custom_id = StringField(null=True, blank=True)
    timezone = StringField(null=True, blank=True, validators=[validate_timezone], help_text=_("IANA name."))

    regular_user = ForeignKey("accounts.User", on_delete=models.CASCADE)
    strategy = ForeignKey("agents.Strategy", on_delete=models.CASCADE)

    # The history the lead was imported with; live messages are rows of ConversationMessage.
    message_history = EncryptedJSONField(null=True, blank=True)
    conversation_state = JSONField(shape=CONVERSATION_STATE, null=True, blank=True)
    status = StringField(default=LeadStatus.LEAD.value, db_default=LeadStatus.LEAD.value)
    notes = models.TextField(null=True, blank=True)
    # The latest message, kept here for lists; its date is an ISO 8601 string.
    last_message = EncryptedTextField(null=True, blank=True, editable=False)
    last_message_date = StringField(null=True, blank=True, editable=False)
    search_text = SearchTextField(names=["name", "company"], codes=["email", "custom_id"], phone="phone")

    search_index = SearchIndex(searches=("name", "email", "phone", "company", "custom_id"))

    # Written with every message, which the conversation itself keeps.
    not_recorded = ("last_message", "last_message_date")

    class Meta(TenantModel.Meta):
        db_table = "leads"
        default_related_name = "leads"
        constraints = [
            models.CheckConstraint(
                condition=Q(last_message__isnull=True) | sealed("last_message"), name="leads_last_message_sealed"
            ),
            models.CheckConstraint(
                condition=Q(message_history__isnull=True) | sealed("message_history"),
                name="leads_message_history_sealed",
            ),
        ]
        indexes = [
            # One person's leads, and what goes with a deleted person.
            models.Index(fields=["regular_user", "id"], name="leads_regular_user"),
            # One strategy's leads, and what goes with a deleted strategy.
            models.Index(fields=["strategy", "id"], name="leads_strategy"),
            # A sub-account's leads by date, by last change, by name, and those of one status.
            models.Index(fields=["sub_account", "created_at", "id"], name="leads_newest"),
            models.Index(fields=["sub_account", "updated_at", "id"], name="leads_changed"),
            models.Index(fields=["sub_account", "name", "id"], name="leads_name"),
            models.Index(fields=["sub_account", "status", "id"], name="leads_status"),
            # The one of an address, a number or an id of the sub-account's own, and those without an address.
            models.Index(fields=["sub_account", "email", "id"], name="leads_email"),
            models.Index(fields=["sub_account", "phone"], condition=Q(phone__isnull=False), name="leads_phone"),
            models.Index(
                fields=["sub_account", "custom_id"], condition=Q(custom_id__isnull=False), name="leads_own_id"
            ),
            # Those that were asked for by part of a name, an address or a number.
            SearchGin(name="leads_search"),
            # The console's list over all sub-accounts, newest first, and what came in the last days, to count it.
            models.Index(fields=["created_at", "id"], name="leads_latest"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_status_display(self) -> Any:
        """Return the words of a status that all sub-accounts have; a stage of one's own is as it was called."""
        return dict(LeadStatus.choices).get(self.status, self.status)
