"""The API's doors to signing in and out."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts import refresh_tokens, tokens
from accounts.devices import Client
from accounts.models import User
from accounts.refresh_tokens import Session
from accounts.serializers.people import ProfileSerializer
from accounts.serializers.signing_in import (
    LoginAnswerSerializer,
    LoginSerializer,
    RefreshTokenSerializer,
    TokensSerializer,
)
from accounts.signing_in import sign_in
from accounts.views.open import OpenView, throttle_address, validated
from security.choices import AccountType

PRIVATE = {"Cache-Control": "no-store"}


def access_token(user: User, session: str) -> dict[str, Any]:
    """Return a new access token as answers have it."""
    token = tokens.issue(user, session)
    return {
        "access_token": str(token),
        "token_type": "Bearer",
        "expires_in": int(token.lifetime.total_seconds()),
    }


def session_tokens(session: Session) -> dict[str, Any]:
    """Return both tokens of a session as answers have them."""
    return {
        **access_token(session.account, session.family),
        "refresh_token": session.refresh_token,
        "refresh_expires_in": int((session.expires_at - timezone.now()).total_seconds()),
    }


class LoginView(OpenView):
    """Sign in: a tenant user's address and password for an access token and the refresh token that gets the next.

    Keep `device_token` and send it along the next time: failures on this device are counted apart from strangers'.
    With `remember` the session goes on for longer.
    """

    @extend_schema(request=LoginSerializer, responses=LoginAnswerSerializer, operation_id="login", tags=["auth"])
    def post(self, request) -> Response:
        throttle_address(request, "login", settings.LOGIN_THROTTLE)
        given = validated(LoginSerializer, request)
        client = Client.of(request, given.get("device_token"))
        signed_in = sign_in(AccountType.USER, given["email"], password=given["password"], client=client)
        session = refresh_tokens.issue(
            AccountType.USER, signed_in.account, client=client, remembered=given.get("remember", False)
        )
        answer = {
            **session_tokens(session),
            "device_token": signed_in.device_token,
            "user": ProfileSerializer(signed_in.account).data,
        }
        return Response(answer, headers=PRIVATE)


class RefreshView(OpenView):
    """Renew a session: a refresh token for an access token and the next refresh token.

    Each refresh token works once. One whose answer was lost gets the same answer again for ten seconds; used later, it
    was copied, and ends its session.
    """

    @extend_schema(request=RefreshTokenSerializer, responses=TokensSerializer, operation_id="refresh", tags=["auth"])
    def post(self, request) -> Response:
        throttle_address(request, "refresh", settings.API_THROTTLE)
        session = refresh_tokens.rotate(
            validated(RefreshTokenSerializer, request)["refresh_token"], client=Client.of(request)
        )
        return Response(session_tokens(session), headers=PRIVATE)


class LogoutView(OpenView):
    """Sign out: the session of a refresh token ends, its access tokens included. Unknown tokens end nothing."""

    @extend_schema(request=RefreshTokenSerializer, responses={204: None}, operation_id="logout", tags=["auth"])
    def post(self, request) -> Response:
        throttle_address(request, "logout", settings.API_THROTTLE)
        refresh_tokens.revoke(validated(RefreshTokenSerializer, request)["refresh_token"])
        return Response(status=status.HTTP_204_NO_CONTENT)
