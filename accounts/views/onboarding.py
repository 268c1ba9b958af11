"""The API's doors to registering and to joining a sub-account.

None of them runs in a scope: they hash, and what they do is the system's work.
"""

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.choices import UserRole
from accounts.onboarding import confirm, join, register
from accounts.serializers.onboarding import (
    ConfirmationSerializer,
    InvitationSerializer,
    InvitedRegistrationSerializer,
    InvitedToSerializer,
    RegistrationSerializer,
)
from accounts.serializers.people import MailedSerializer, ProfileSerializer
from accounts.views.open import OpenView, throttle_address, validated
from loctelli.api.views import APIView
from security import throttling
from security.throttling import Rate
from tenants.invitations import hash_code, open_invitation
from tenants.models import SubAccountInvitation

# Of one invitation's password, whoever guesses and from wherever.
GUESSES_AT_A_PASSWORD = Rate(100, 3600)


def find_invitation(request: Request, data: dict) -> SubAccountInvitation:
    """Return the invitation of a request's code and password; raise InvalidInvitation or Throttled.

    At the default rate somebody with ten thousand addresses finds one of a thousand codes in two months.
    """
    count_invitation(request, data)
    return open_invitation(data["code"], data["invitation_password"])


def count_invitation(request: Request, data: dict) -> None:
    """Count a try of a code from an address, and of a password from anywhere; raise Throttled."""
    throttle_address(request, "invitation", settings.INVITATION_THROTTLE)
    if data["invitation_password"] is not None:
        key = f"invitation:password:{hash_code(data['code'])}"
        throttling.spend("invitation_password", key, GUESSES_AT_A_PASSWORD)


class ValidateInvitationView(OpenView):
    """Tell where an invitation leads, without using it.

    Whatever is wrong with code or password, the answer is `invalid_invitation`.
    """

    error_statuses = (404,)

    @extend_schema(request=InvitationSerializer, responses=InvitedToSerializer, tags=["auth"])
    def post(self, request: Request) -> Response:
        invitation = find_invitation(request, validated(InvitationSerializer, request))
        return Response({"sub_account_name": invitation.sub_account.name})


class RegisterView(OpenView):
    """Register. The mail that follows has a token to confirm it with, within a day; then one waits in ONBOARDING.

    The answer is the same whether or not the address has an account; its owner is told by mail.
    """

    serializer_class: type[RegistrationSerializer] = RegistrationSerializer

    def invitation(self, data: dict) -> SubAccountInvitation | None:
        """Return the invitation to join by, None for none."""
        return None

    @extend_schema(responses={202: MailedSerializer}, tags=["auth"])
    def post(self, request: Request) -> Response:
        throttle_address(request, "registration", settings.REGISTRATION_THROTTLE)
        data = validated(self.serializer_class, request)
        invitation = self.invitation(data)
        register(name=data["name"], email=data["email"], password=data["password"], invitation=invitation)
        return Response({"detail": f"A mail is on its way to {data['email']}."}, status.HTTP_202_ACCEPTED)


class RegisterAndJoinView(RegisterView):
    """Register with an invitation: confirmed, one is a user of its sub-account.

    The invitation is used when the registration is confirmed; if it is used up or has ended by then, register anew.
    """

    serializer_class = InvitedRegistrationSerializer
    error_statuses = (404,)

    def invitation(self, data: dict) -> SubAccountInvitation:
        return find_invitation(self.request, data)


class ConfirmRegistrationView(OpenView):
    """Confirm a registration with the mailed token and the password chosen: makes the account. Then sign in.

    Whom an admin has invited chooses the password here.
    """

    error_statuses = (404,)

    @extend_schema(request=ConfirmationSerializer, responses={201: ProfileSerializer}, tags=["auth"])
    def post(self, request: Request) -> Response:
        throttle_address(request, "registration", settings.REGISTRATION_THROTTLE)
        user = confirm(**validated(ConfirmationSerializer, request))
        return Response(ProfileSerializer(user).data, status.HTTP_201_CREATED)


class JoinView(APIView):
    """Leave ONBOARDING and join the sub-account of an invitation.

    One's tokens go on working: the next request is answered as the sub-account's.
    """

    read_role = UserRole.USER
    open_to_onboarding = True
    error_statuses = (404,)

    @extend_schema(request=InvitationSerializer, responses=ProfileSerializer, tags=["me"])
    def post(self, request: Request) -> Response:
        data = validated(InvitationSerializer, request)
        count_invitation(request, data)
        joined = join(request.user.user(), data["code"], password=data["invitation_password"])
        return Response(ProfileSerializer(joined).data)
