"""How leads, bookings, contact submissions and messages look in the API."""

from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm.choices import ContactStatus, LeadStatus
from crm.models import Booking, ContactSubmission, Lead
from crm.services import create_lead
from crm.shapes import BOOKING_DETAILS, CONVERSATION_STATE
from crm.stages import own_stages
from loctelli.api import fields
from loctelli.api.serializers import Serializer
from security.models import ConversationMessage
from tenants.models import SubAccount
from tenants.serializers import TenantModelSerializer

# Enumerations make their list of values anew for each look.
STATUSES = tuple(LeadStatus.values)


class MessageHistoryField(fields.JSONContainerField):
    """The conversation a lead was imported with: an object or an array of messages."""


class DetailsField(fields.Shaped, fields.JSONObjectField):
    """A meeting's details."""

    shape = BOOKING_DETAILS


class ConversationStateField(fields.Shaped, fields.JSONObjectField):
    """How far the conversation has come, and what the strategy wants to know."""

    shape = CONVERSATION_STATE


class BookingSerializer(TenantModelSerializer):
    """A meeting with a person of the sub-account."""

    details = DetailsField(help_text="Date, time, location and what else belongs to the meeting.")

    class Meta:
        model = Booking
        fields = [
            "id", "regular_user_id", "lead_id", "booking_type", "details", "status", "created_at", "updated_at",
            "sub_account_id",
        ]  # fmt: skip
        includes = ["regular_user", "lead"]
        example = {
            "id": 11,
            "regular_user_id": 7,
            "lead_id": 42,
            "booking_type": "consultation",
            "details": {"date": "2027-01-15", "time": "10:00", "location": "Zoom"},
            "status": "pending",
            "sub_account_id": 2,
        }


class FirstBookingSerializer(BookingSerializer):
    """The booking a lead is created with: with the lead's own person unless it names another."""

    class Meta(BookingSerializer.Meta):
        variant = True
        fields = ["regular_user_id", "booking_type", "details", "status"]
        extra_kwargs = {"regular_user_id": {"required": False}}


class LeadSerializer(TenantModelSerializer):
    """A potential customer. `booking` creates a first booking along with the lead."""

    message_history = MessageHistoryField(required=False, allow_null=True)
    conversation_state = ConversationStateField(required=False, allow_null=True)
    last_message = fields.CharField(read_only=True, allow_null=True)
    booking = FirstBookingSerializer(write_only=True, required=False)

    class Meta:
        model = Lead
        fields = [
            "id", "name", "email", "phone", "company", "position", "custom_id", "timezone", "status", "notes",
            "regular_user_id", "strategy_id", "message_history", "conversation_state", "last_message",
            "last_message_date", "created_at", "updated_at", "sub_account_id", "booking",
        ]  # fmt: skip
        read_only_fields = ["last_message_date"]
        create_only = ["message_history", "booking"]
        columns = {"last_message": ["last_message"], "message_history": ["message_history"]}
        includes = ["sub_account", "regular_user", "strategy", "bookings"]
        example = {
            "id": 42,
            "name": "Joan Reed",
            "email": "joan@customer.example",
            "phone": "+1 212 555 0142",
            "company": "Reed Bakery",
            "timezone": "America/New_York",
            "status": "lead",
            "regular_user_id": 7,
            "strategy_id": 3,
            "last_message": "Tuesday works for me.",
            "last_message_date": "2026-11-20T15:04:05.000000Z",
            "sub_account_id": 2,
        }

    def validate_status(self, value: str) -> str:
        """Take the stages every sub-account has and those its settings add as `lead_statuses`."""
        if value not in STATUSES and value not in self.own_statuses:
            known = ", ".join([*STATUSES, *sorted(self.own_statuses)])
            raise serializers.ValidationError(f"Must be one of: {known}.", code="invalid_choice")
        return value

    @cached_property
    def own_statuses(self) -> set[str]:
        """The stages that the bound sub-account has added."""
        (added,) = own_stages(SubAccount.objects.all()).values()
        return added

    def create(self, validated_data: dict) -> Lead:
        return create_lead(is_last=self.is_last, **validated_data)


class NoteSerializer(Serializer):
    """A remark on a submission."""

    content = fields.CharField(max_length=10_000)
    created_at = fields.DateTimeField(read_only=True)
    author_id = fields.IntegerField(read_only=True, allow_null=True, help_text="Null for an admin of the platform.")
    author_name = fields.CharField(read_only=True)


@extend_schema_field(NoteSerializer(many=True))
class NotesField(serializers.JSONField):
    """The remarks on a submission, oldest first; added to by their own call."""


class ContactSubmissionSerializer(TenantModelSerializer):
    """Somebody who asked to be contacted. What they sent stays as it is; status, priority and assignment change."""

    notes = NotesField(read_only=True, allow_null=True)

    class Meta:
        model = ContactSubmission
        fields = [
            "id", "full_name", "email", "phone", "services", "message", "source", "status", "priority",
            "assigned_to_id", "notes", "submitted_at", "followed_up_at", "closed_at", "updated_at", "sub_account_id",
        ]  # fmt: skip
        read_only_fields = [name for name in fields if name not in ("status", "priority", "assigned_to_id")]
        includes = ["assigned_to"]

    def update(self, instance: ContactSubmission, validated_data: dict) -> ContactSubmission:
        if "status" in validated_data:
            instance.move_to(ContactStatus(validated_data["status"]))
            validated_data |= {"followed_up_at": instance.followed_up_at, "closed_at": instance.closed_at}
        return super().update(instance, validated_data)


class ConversationMessageSerializer(TenantModelSerializer):
    """One message of a lead's conversation, decrypted."""

    content = fields.CharField(read_only=True)

    class Meta:
        model = ConversationMessage
        fields = ["id", "lead_id", "role", "content", "message_timestamp", "metadata", "created_at", "sub_account_id"]
        read_only_fields = fields
        columns = {"content": ["sub_account", "encrypted_content", "salt", "iv"]}
        includes = ["lead"]
