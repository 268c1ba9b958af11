"""The API's doors to one's own sessions and password. They open scopes of their own, for tenants see no tokens."""

from typing import Any

from django.conf import settings
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts import refresh_tokens
from accounts.choices import UserRole
from accounts.jobs import mail_password_reset
from accounts.password_changes import change_password
from accounts.password_resets import reset_password
from accounts.passwords import verify_password
from accounts.serializers.signing_in import (
    AccessTokenSerializer,
    ForgottenPasswordSerializer,
    PasswordChangeSerializer,
    PasswordResetSerializer,
    SessionsSerializer,
)
from accounts.views.open import OpenView, throttle_address, validated
from accounts.views.signing_in import PRIVATE, access_token
from loctelli.api.views import APIView
from loctelli.database.fields import normalize_email
from loctelli.errors import Conflict, DomainError
from security import throttling
from security.choices import AccountType
from security.models import RefreshToken
from tenants.scope import system_scope


class PasswordChanged(Conflict):
    """Somebody else changed the password in the meantime."""

    code = "password_changed"
    detail = "The password was changed in the meantime."


class WrongPassword(DomainError):
    """The password that is to be changed was not known."""

    code = "wrong_password"
    status = 403
    detail = "This is not your password."


class OwnView(APIView):
    """An endpoint about one's own account, for everybody who has signed in."""

    read_role = write_role = delete_role = UserRole.USER
    open_to_onboarding = True

    def get_session(self) -> str:
        """Return the session that the request is part of."""
        return self.request._request.claims.session


class SessionsView(OwnView):
    """One's own sessions: where one is signed in."""

    @extend_schema(responses=SessionsSerializer, operation_id="sessions_mine", tags=["me"])
    def get(self, request) -> Response:
        """List one's own sessions, the one last renewed first."""
        with system_scope("API: one's own sessions"):
            tokens = list(RefreshToken.objects.of(AccountType.USER, request.user.pk).live().order_by("-created_at"))
        return Response({"results": [represent(token, self.get_session()) for token in tokens]})

    @extend_schema(request=None, responses={204: None}, operation_id="sessions_end_all", tags=["me"])
    def delete(self, request) -> Response:
        """End all of one's sessions, this one included: sign out everywhere."""
        refresh_tokens.end_sessions(AccountType.USER, request.user.pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SessionView(OwnView):
    """One of one's own sessions."""

    serializer_class = None

    @extend_schema(request=None, responses={204: None}, operation_id="sessions_end", tags=["me"])
    def delete(self, request, pk: str) -> Response:
        """End one of one's own sessions: its next request is refused."""
        if not refresh_tokens.end_sessions(AccountType.USER, request.user.pk, family=pk):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class OwnPasswordView(OwnView):
    """One's own password."""

    @extend_schema(
        request=PasswordChangeSerializer, responses=AccessTokenSerializer, operation_id="password_change", tags=["me"]
    )
    def post(self, request) -> Response:
        """Change one's own password: all other sessions end, this one goes on with the access token of the answer."""
        rate = throttling.Rate.parse(settings.PASSWORD_THROTTLE)
        throttling.spend("password", f"password:account:{request.user.pk}", rate)
        given = validated(PasswordChangeSerializer, request)
        user, session = request.user.user(), self.get_session()
        if not verify_password(user, given["current_password"]):
            raise WrongPassword
        if not change_password(user, given["password"], keep_session=session):
            raise PasswordChanged
        return Response(access_token(user, session), headers=PRIVATE)


class ForgottenPasswordView(OpenView):
    """Ask for an e-mail that lets one set a new password. The answer is the same whether there is an account."""

    @extend_schema(
        request=ForgottenPasswordSerializer, responses={202: None}, operation_id="password_forgotten", tags=["auth"]
    )
    def post(self, request) -> Response:
        throttle_address(request, "forgotten", settings.PASSWORD_THROTTLE)
        email = normalize_email(validated(ForgottenPasswordSerializer, request)["email"])
        verdict = throttling.hit(f"forgotten:account:{email}", throttling.Rate.parse(settings.PASSWORD_MAIL_THROTTLE))
        if verdict.allowed:
            # Looked up by the job, so that the time of the answer tells nothing either.
            with system_scope("API: a forgotten password"):
                mail_password_reset.defer(email=email)
        return Response(status=status.HTTP_202_ACCEPTED)


class PasswordResetView(OpenView):
    """Set a new password with the token of an e-mail, which works once, for half an hour. All sessions end."""

    @extend_schema(request=PasswordResetSerializer, responses={204: None}, operation_id="password_reset", tags=["auth"])
    def post(self, request) -> Response:
        throttle_address(request, "reset", settings.PASSWORD_THROTTLE)
        reset_password(**validated(PasswordResetSerializer, request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def represent(token: RefreshToken, current: str) -> dict[str, Any]:
    """Return a session as answers have it, by the token that renews it next."""
    return {
        "id": token.family,
        "device": token.user_agent,
        "ip_address": token.ip_address,
        "created_at": token.session_started_at,
        "last_used_at": token.created_at,
        "expires_at": token.expires_at,
        "is_current": token.family == current,
    }
