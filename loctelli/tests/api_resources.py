"""Resources that the conventions are tried on: declared as any app would, over real tables."""

from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from accounts.models import User
from agents.models import Strategy
from crm.models import Booking, ContactSubmission, Lead
from loctelli.api import errors
from loctelli.api.routers import Router
from loctelli.api.serializers import resources
from tenants.models import SubAccount
from tenants.scope import tenant_scope
from tenants.serializers import SubAccountSerializer, TenantModelSerializer
from tenants.views import TenantReadOnlyViewSet, TenantViewSet


class UserSerializer(TenantModelSerializer):
    class Meta:
        model = User
        variant = True
        fields = ["id", "name", "email", "role", "booking_enabled", "is_active", "created_at"]
        includes = ["strategies", "sub_account"]


class StrategySerializer(TenantModelSerializer):
    class Meta:
        model = Strategy
        variant = True
        fields = ["id", "name", "ai_role", "regular_user_id", "delay_min"]
        includes = ["regular_user", "leads"]


class LeadSerializer(TenantModelSerializer):
    class Meta:
        model = Lead
        variant = True
        fields = [
            "id",
            "sub_account_id",
            "name",
            "email",
            "status",
            "notes",
            "conversation_state",
            "regular_user_id",
            "strategy_id",
            "last_message",
            "created_at",
            "updated_at",
        ]
        create_only = ["strategy_id"]
        includes = ["sub_account", "regular_user", "strategy", "bookings"]


class BookingSerializer(TenantModelSerializer):
    class Meta:
        model = Booking
        variant = True
        fields = ["id", "booking_type", "status", "details", "lead_id", "regular_user_id", "created_at"]
        includes = ["lead"]


class ContactSubmissionSerializer(TenantModelSerializer):
    class Meta:
        model = ContactSubmission
        variant = True
        fields = ["id", "full_name", "email", "phone", "services", "status", "priority", "assigned_to_id"]


class UserViewSet(TenantViewSet):
    serializer_class = UserSerializer
    search_fields = ("name", "email")
    ordering_fields = ("name",)


class LeadViewSet(TenantViewSet):
    serializer_class = LeadSerializer
    filterset_fields = {
        "status": ["exact", "in"],
        "strategy_id": ["exact"],
        "email": ["isnull"],
        "created_at": ["gte", "lt"],
    }
    search_fields = ("name", "email")
    ordering_fields = ("created_at", "name", "updated_at")
    ordering = "-created_at"


class BookingViewSet(TenantViewSet):
    serializer_class = BookingSerializer
    filterset_fields = {"status": ["exact"], "lead_id": ["exact", "isnull"], "regular_user__is_active": ["exact"]}


class ContactSubmissionViewSet(TenantReadOnlyViewSet):
    serializer_class = ContactSubmissionSerializer
    filterset_fields = {"assigned_to_id": ["exact"], "priority": ["exact", "in"]}


REPRESENTING = {
    SubAccount: SubAccountSerializer,
    User: UserSerializer,
    Strategy: StrategySerializer,
    Lead: LeadSerializer,
    Booking: BookingSerializer,
}
assert all(model is serializer.Meta.model for model, serializer in REPRESENTING.items())
assert resources[SubAccount] is SubAccountSerializer

router = Router()
router.register("users", UserViewSet)
router.register("leads", LeadViewSet)
router.register("bookings", BookingViewSet)
router.register("contact-submissions", ContactSubmissionViewSet)
urlpatterns = [path("api/v1/", include([*router.urls, path("", include("tenants.urls"))]))]
handler400, handler403 = errors.bad_request, errors.permission_denied
handler404, handler500 = errors.not_found, errors.server_error


class Binding:
    """Binds a request to the user its header names, as the product's middleware does after verifying a token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.principal = None  # type: ignore[attr-defined]
        user, _, sub_account = request.headers.get("X-User", "").partition("@")
        if not user:
            return self.get_response(request)
        with tenant_scope(int(sub_account)):
            request.principal = User.objects.get(pk=int(user))  # type: ignore[attr-defined]
            response = self.get_response(request)
            if response.status_code >= 400:
                transaction.set_rollback(True)
        return response
