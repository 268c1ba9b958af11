"""The API's doors to leads, bookings, contact submissions and conversations."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.choices import UserRole
from accounts.views.open import validated
from crm.bulk_views import BulkMixin
from crm.exporting import ExportMixin
from crm.notes import append_note
from crm.serializers import (
    BookingSerializer,
    ContactSubmissionSerializer,
    ConversationMessageSerializer,
    LeadSerializer,
    NoteSerializer,
)
from loctelli.api.actions import DestroyMixin, UpdateMixin
from tenants.views import TenantReadOnlyViewSet, TenantViewSet


class LeadViewSet(BulkMixin, ExportMixin, TenantViewSet):
    """Leads: the people agents talk with."""

    serializer_class = LeadSerializer
    read_role = write_role = UserRole.USER
    delete_role = UserRole.MANAGER
    filterset_fields = {
        "status": ["exact", "in"],
        "regular_user_id": ["exact"],
        "strategy_id": ["exact"],
        "email": ["exact", "isnull"],
        "phone": ["exact"],
        "custom_id": ["exact"],
        "created_at": ["gte", "lt"],
        "updated_at": ["gte", "lt"],
    }
    search_fields = ("name", "email", "phone", "company")
    ordering_fields = ("id", "name", "created_at", "updated_at")
    export_ordering = ("id", "created_at")
    action_roles = dict.fromkeys(("export", "bulk_update", "bulk_delete"), UserRole.MANAGER)


class BookingViewSet(ExportMixin, TenantViewSet):
    """Meetings."""

    serializer_class = BookingSerializer
    read_role = write_role = UserRole.USER
    delete_role = UserRole.MANAGER
    filterset_fields = {
        "status": ["exact", "in"],
        "booking_type": ["exact"],
        "regular_user_id": ["exact"],
        "lead_id": ["exact", "isnull"],
        "created_at": ["gte", "lt"],
    }
    search_fields = ("lead",)
    ordering_fields = ("id", "created_at", "updated_at")
    export_ordering = ("id", "created_at")
    action_roles = {"export": UserRole.MANAGER}


class SubmissionViewSet(ExportMixin, UpdateMixin, DestroyMixin, TenantReadOnlyViewSet):
    """The base of captured people: their own words stay, the work on them is written down."""

    read_role = write_role = UserRole.USER
    delete_role = UserRole.MANAGER
    ordering = "-submitted_at"
    ordering_fields = ("submitted_at", "updated_at")
    export_ordering = ("submitted_at",)
    action_roles = {"export": UserRole.MANAGER}

    @extend_schema(request=NoteSerializer, responses={201: NoteSerializer(many=True)})
    @action(detail=True, methods=["post"], selectable=False)
    def notes(self, request, pk: str) -> Response:
        """Append a note; the answer holds all of them, oldest first."""
        submission = self.get_object()
        append_note(submission, content=validated(NoteSerializer, request)["content"], author=request.user.user())
        return Response(submission.notes, status.HTTP_201_CREATED)


class ContactSubmissionViewSet(SubmissionViewSet):
    """People who wrote through a website's contact form."""

    serializer_class = ContactSubmissionSerializer
    filterset_fields = {
        "status": ["exact", "in"],
        "priority": ["exact", "in"],
        "assigned_to_id": ["exact", "isnull"],
        "submitted_at": ["gte", "lt"],
    }
    search_fields = ("full_name", "email", "phone", "message")


class ConversationMessageViewSet(TenantReadOnlyViewSet):
    """The messages of conversations; usually asked for one lead's, oldest first."""

    serializer_class = ConversationMessageSerializer
    read_role = UserRole.USER
    filterset_fields = {"lead_id": ["exact"], "role": ["exact"], "message_timestamp": ["gte", "lt"]}
    # Nobody may say anything in a role for millions of messages.
    filters_within = {"role": "lead_id"}
    ordering = "message_timestamp"
    ordering_fields = ("message_timestamp",)
