"""What REST framework learns of the request's user: the binding has established it already."""

from typing import Any

from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.principals import Principal
from loctelli.errors import DomainError

REALM = 'Bearer realm="loctelli"'


class InvalidToken(DomainError):
    """A bearer token that is forged, expired, or of an account that is no longer what it was."""

    code = "invalid_token"
    status = 401
    detail = "The access token is invalid or has expired."
    headers = {"WWW-Authenticate": REALM}


class PasswordChangeRequired(DomainError):
    """Somebody is to change their password before anything else."""

    code = "password_change_required"
    status = 403
    detail = "Change your password first."


def is_open_before_change(path: str) -> bool:
    """Return whether an address can be reached before a password that has to be changed is changed."""
    return path == "/api/v1/me/" or path.startswith(("/api/v1/me/password/", "/api/v1/me/sessions/"))


class BearerAuthentication(BaseAuthentication):
    """Hands over the principal that TenantBindingMiddleware found; a token that named nobody is a 401."""

    def authenticate(self, request: Request | HttpRequest) -> tuple[Principal, None] | None:
        http_request: Any = getattr(request, "_request", request)
        principal = http_request.principal
        if principal is not None:
            if principal.password_change_required_at is not None and not is_open_before_change(http_request.path_info):
                raise PasswordChangeRequired
            return principal, None
        if "HTTP_AUTHORIZATION" in http_request.META:
            raise InvalidToken
        return None

    def authenticate_header(self, request: Request) -> str:
        return REALM


class BearerScheme(OpenApiAuthenticationExtension):
    """Describes bearer tokens in the OpenAPI document."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
