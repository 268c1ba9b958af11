"""The API's doors to signing in."""

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from accounts import tokens
from accounts.login import sign_in
from accounts.serializers.people import ProfileSerializer
from accounts.serializers.signing_in import AccessTokenSerializer, LoginSerializer
from loctelli.api.views import APIView
from security import throttling


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
