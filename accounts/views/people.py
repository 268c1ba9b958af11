"""The API's doors to one's own account and the people of a sub-account."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.choices import UserRole
from accounts.models import User
from accounts.serializers.people import (
    ProfileSerializer,
    ReassignedSerializer,
    SubAccountSerializer,
    SuccessorSerializer,
    UserSerializer,
)
from loctelli.api import parameters
from loctelli.api.viewsets import RetrieveMixin, UpdateMixin
from loctelli.errors import Conflict
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
