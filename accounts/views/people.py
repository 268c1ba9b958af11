"""The API's doors to one's own account and the people of a sub-account."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.choices import UserRole
from accounts.membership import LastAdmin, hold_admins, is_active_admin, left_without_admin
from accounts.models import User
from accounts.onboarding import invite
from accounts.serializers.people import (
    InvitedPersonSerializer,
    MailedSerializer,
    ProfileSerializer,
    ReassignedSerializer,
    SubAccountSerializer,
    SuccessorSerializer,
    UserSerializer,
)
from accounts.views.open import validated
from loctelli.api import parameters
from loctelli.api.actions import DestroyMixin, RetrieveMixin, UpdateMixin
from loctelli.errors import Conflict
from tenants.reassignment import delete_unless_owning, reassign
from tenants.scope import current_scope
from tenants.views import BOUND, TenantGenericViewSet, TenantReadOnlyViewSet

CASCADE = OpenApiParameter(
    "cascade", bool, description="Delete what belongs to it along with it, which is refused otherwise."
)
LAST_ADMIN = OpenApiParameter(
    "last_admin", bool, description="Leave the sub-account without an active admin, which is refused otherwise."
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

    def get_key(self) -> int:
        # The token's word, for this may be read along with the question whether the token still holds.
        return self.request.claims.user_id


class SubAccountViewSet(RetrieveMixin, UpdateMixin, TenantGenericViewSet):
    """The sub-account that the user belongs to."""

    serializer_class = SubAccountSerializer
    read_role = UserRole.USER
    write_role = UserRole.ADMIN

    def get_key(self) -> int:
        return self.bound()[BOUND.name]


class UserViewSet(UpdateMixin, DestroyMixin, TenantReadOnlyViewSet):
    """The people of the sub-account. New ones are invited; addresses are changed by the platform's admins alone."""

    serializer_class = UserSerializer
    read_role = UserRole.USER
    write_role = delete_role = UserRole.ADMIN
    filterset_fields = {"role": ["exact"], "is_active": ["exact"], "created_at": ["gte", "lt"]}
    search_fields = ("name", "email", "company")
    ordering_fields = ("id", "name", "created_at")

    def get_query_parameters(self) -> set[str]:
        taken = {"destroy": {"cascade", "last_admin"}, "partial_update": {"last_admin"}}
        return super().get_query_parameters() | taken.get(self.action, set())

    def get_object(self) -> User:
        # Those before the person's own row, as everybody locks them: so what changes people is not `short`, which
        # locks the row along with the question who asks.
        if self.action in ("partial_update", "destroy"):
            hold_admins(current_scope().sub_account_id)
        return super().get_object()

    def keep_an_admin(self, *leaving: User) -> None:
        """Raise LastAdmin when the sub-account would have no admin without these and the request doesn't say so."""
        if not parameters.flag(self.request, "last_admin") and leaving and left_without_admin(leaving):
            raise LastAdmin

    def perform_update(self, serializer) -> User:
        changed = {"role": serializer.instance.role, "is_active": serializer.instance.is_active}
        changed |= {name: value for name, value in serializer.validated_data.items() if name in changed}
        self.keep_an_admin(*([] if is_active_admin(User(**changed)) else [serializer.instance]))
        return super().perform_update(serializer)

    @extend_schema(parameters=[LAST_ADMIN])
    def partial_update(self, request, *args, **kwargs) -> Response:
        return super().partial_update(request, *args, **kwargs)

    def perform_destroy(self, instance: User) -> None:
        if instance.pk == self.request.user.pk:
            raise OwnAccount
        self.keep_an_admin(instance)
        delete_unless_owning(instance, cascade=parameters.flag(self.request, "cascade"))

    @extend_schema(parameters=[CASCADE, LAST_ADMIN])
    def destroy(self, request, *args, **kwargs) -> Response:
        return super().destroy(request, *args, **kwargs)

    @extend_schema(request=InvitedPersonSerializer, responses={202: MailedSerializer})
    @action(detail=False, methods=["post"], selectable=False)
    def invite(self, request) -> Response:
        """Invite somebody. The mail has a token, good for a week, to confirm at `auth/register/confirm/`.

        Whoever reads the mail chooses the password there. The answer is the same whether or not the address has an
        account elsewhere; its owner is told by mail. The invitation ends when its admin ceases to be one.
        """
        given = validated(InvitedPersonSerializer, request)
        invite(request.user.user(), **given)
        return Response({"detail": f"A mail is on its way to {given['email']}."}, status.HTTP_202_ACCEPTED)

    @extend_schema(request=SuccessorSerializer, responses={200: ReassignedSerializer})
    @action(detail=True, methods=["post"], selectable=False)
    def reassign(self, request, pk: str) -> Response:
        """Give this person's strategies, leads and bookings to another one."""
        owner = self.get_object()
        return Response({"reassigned": reassign(owner, to=validated(SuccessorSerializer, request)["user"])})
