"""The API's doors to sign-in, one's own account and the people of a sub-account."""

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from accounts import tokens
from accounts.choices import UserRole
from accounts.login import sign_in
from accounts.models import User
from accounts.serializers import (
    AccessTokenSerializer,
    LoginSerializer,
    ProfileSerializer,
    ReassignedSerializer,
    SubAccountSerializer,
    SuccessorSerializer,
    UserSerializer,
)
from loctelli.api import parameters
from loctelli.api.views import APIView
from loctelli.api.viewsets import RetrieveMixin, UpdateMixin
from loctelli.errors import Conflict
from security import throttling
from tenants.models import SubAccount
from tenants.reassignment import delete_unless_owning, reassign
from tenants.scope import current_scope
from tenants.views import TenantGenericViewSet, TenantViewSet

CASCADE = OpenApiParameter(
    "cascade", bool, description="Delete what belongs to it along with it, which is refused otherwise."
)


class OwnAccount(Conflict):
    """People can't delete themselves."""

    code = "own_account"
    detail = "You can't delete your own account."


def throttle_sign_in(request) -> None:
    """Count a try to sign in from the request's address; raise Throttled when there were too many."""
    key = f"login:address:{throttling.client_address(request)}"
    verdicts = {"login": throttling.hit(key, throttling.Rate.parse(settings.LOGIN_THROTTLE))}
    if not verdicts["login"].allowed:
        raise throttling.Throttled(verdicts)


class LoginView(APIView):
    """Sign in: a tenant user's address and password for an access token."""

    authentication_classes: list = []
    permission_classes = [AllowAny]

    @extend_schema(request=LoginSerializer, responses={200: AccessTokenSerializer}, operation_id="login", tags=["auth"])
    def post(self, request) -> Response:
        throttle_sign_in(request)
        serializer = LoginSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = sign_in(
            **serializer.validated_data,
            ip_address=str(throttling.peer_address(request) or "unknown"),
            user_agent=request.headers.get("User-Agent", "")[:500],
        )
        token = tokens.issue(user)
        return Response(
            {
                "access_token": str(token),
                "token_type": "Bearer",
                "expires_in": int(token.lifetime.total_seconds()),
                "user": ProfileSerializer(user).data,
            },
            headers={"Cache-Control": "no-store"},
        )


class MeViewSet(RetrieveMixin, UpdateMixin, TenantGenericViewSet):
    """One's own account."""

    serializer_class = ProfileSerializer
    read_role = write_role = UserRole.USER
    open_to_onboarding = True

    def get_object(self) -> User:
        self.kwargs["pk"] = self.request.user.pk
        return super().get_object()


class SubAccountViewSet(RetrieveMixin, UpdateMixin, TenantGenericViewSet):
    """The sub-account that the user belongs to."""

    serializer_class = SubAccountSerializer
    read_role = UserRole.USER
    write_role = UserRole.ADMIN

    def get_object(self) -> SubAccount:
        self.kwargs["pk"] = current_scope().sub_account_id
        return super().get_object()


class UserViewSet(TenantViewSet):
    """The people of the sub-account."""

    serializer_class = UserSerializer
    read_role = UserRole.USER
    write_role = delete_role = UserRole.ADMIN
    filterset_fields = {"role": ["exact"], "is_active": ["exact"], "created_at": ["gte", "lt"]}
    search_fields = ("name", "email", "company")
    ordering_fields = ("id", "name", "created_at")

    def get_query_parameters(self) -> set[str]:
        return super().get_query_parameters() | ({"cascade"} if self.action == "destroy" else set())

    def perform_destroy(self, instance: User) -> None:
        if instance == self.request.user:
            raise OwnAccount
        delete_unless_owning(instance, cascade=parameters.flag(self.request, "cascade"))

    @extend_schema(parameters=[CASCADE])
    def destroy(self, request, *args, **kwargs) -> Response:
        return super().destroy(request, *args, **kwargs)

    @extend_schema(request=SuccessorSerializer, responses={200: ReassignedSerializer})
    @action(detail=True, methods=["post"], selectable=False)
    def reassign(self, request, pk: str) -> Response:
        """Give this person's strategies, leads and bookings to another one."""
        owner = self.get_object()
        serializer = SuccessorSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response({"reassigned": reassign(owner, to=serializer.validated_data["user"])})
