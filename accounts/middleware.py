"""Binds each API request to its user's sub-account."""

from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from rest_framework_simplejwt.exceptions import TokenError

from accounts import tokens
from accounts.models import User
from security import throttling
from tenants.scope import tenant_scope

# Endpoints without a sub-account: signing in happens before one is known.
BOUND_PREFIX, UNBOUND_PREFIX = "/api/v1/", "/api/v1/auth/"


class TenantBindingMiddleware:
    """Makes a request with a bearer token one transaction in its user's tenant scope, rendering included.

    An answer with status 400 or more rolls everything back. The throttle counts before the scope opens, so that one
    user's requests don't queue behind each other and a refused one is counted. Sets `request.principal` (User or None).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.rate = throttling.Rate.parse(settings.API_THROTTLE)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.principal = None  # type: ignore[attr-defined]
        claims = self.claims(request)
        if claims is None:
            return self.get_response(request)
        verdicts = {"api": throttling.hit(f"api:user:{claims.user_id}", self.rate)}
        if not verdicts["api"].allowed:
            request.refusal = throttling.Throttled(verdicts)  # type: ignore[attr-defined]
            return self.get_response(request)
        response = self.bound_response(request, claims)
        for name, value in throttling.rate_limit_headers(verdicts).items():
            response.headers[name] = value
        return response

    def claims(self, request: HttpRequest) -> tokens.Claims | None:
        """Return the claims of the request's bearer token, or None where there is no valid one or none is needed."""
        path = request.path_info
        if not path.startswith(BOUND_PREFIX) or path.startswith(UNBOUND_PREFIX):
            return None
        scheme, _, raw = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            return tokens.verify(raw.strip())
        except TokenError:
            return None

    def bound_response(self, request: HttpRequest, claims: tokens.Claims) -> HttpResponse:
        with tenant_scope(claims.sub_account_id):
            user = User.objects.select_related("sub_account").filter(pk=claims.user_id).first()
            if user is not None and claims.fit(user):
                request.principal = user  # type: ignore[attr-defined]
            response = self.get_response(request)
            if response.status_code >= 400:
                transaction.set_rollback(True)
        return response
