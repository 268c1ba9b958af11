"""Binds each API request to its user's sub-account."""

from collections.abc import Callable
from dataclasses import replace

from django.db import transaction
from django.db.models import BooleanField, Func, Value
from django.http import HttpRequest, HttpResponse
from rest_framework_simplejwt.exceptions import TokenError

from accounts import forgery, throttles, tokens
from accounts.models import User
from security import audit, throttling
from security.choices import ActorType
from tenants.models import ONBOARDING_ID
from tenants.scope import system_scope, tenant_scope

# Endpoints without a sub-account: signing in happens before one is known.
BOUND_PREFIX, UNBOUND_PREFIX = "/api/v1/", "/api/v1/auth/"
# Endpoints that learn who asks and then open scopes of their own, for they hash or act as the system.
OPENING_OWN_SCOPES = ("/api/v1/me/join/", "/api/v1/me/password/", "/api/v1/me/sessions/")
# Methods that change nothing: who sends them needs no name in the audit trail.
READING = ("GET", "HEAD", "OPTIONS")


class TenantBindingMiddleware:
    """Makes a request with a bearer token one transaction in its user's tenant scope, rendering included.

    An answer with status 400 or more rolls everything back. The throttle counts before the scope opens, so that one
    user's requests don't queue behind each other and a refused one is counted. Sets `request.principal` (User or None).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.principal = None  # type: ignore[attr-defined]
        raw = bearer_token(request)
        claims = verified(raw)
        verdicts = throttles.count_request(request, claims)
        refusal = throttles.refuse(verdicts)
        if refusal is not None:
            return refusal
        if raw is not None and claims is None:
            forgery.report_if_forged(raw, request)
        response = self.get_response(request) if claims is None else self.bound_response(request, claims)
        throttling.add_rate_limit_headers(response, verdicts)
        return response

    def bound_response(self, request: HttpRequest, claims: tokens.Claims) -> HttpResponse:
        with tenant_scope(claims.sub_account_id):
            request.principal = principal(claims)  # type: ignore[attr-defined]
            if request.principal is not None and request.method not in READING:  # type: ignore[attr-defined]
                audit.act_as(ActorType.USER, request.principal)  # type: ignore[attr-defined]
            request.claims = claims  # type: ignore[attr-defined]
            if request.principal is not None and not request.path_info.startswith(OPENING_OWN_SCOPES):  # type: ignore[attr-defined]
                response = self.get_response(request)
                if response.status_code >= 400:
                    transaction.set_rollback(True)
                return response
        if request.principal is None and (joined := joined_since(claims)) is not None:  # type: ignore[attr-defined]
            return self.bound_response(request, replace(claims, sub_account_id=joined))
        return self.get_response(request)


def bearer_token(request: HttpRequest) -> str | None:
    """Return the token that a request for a bound endpoint shows, None for none."""
    path = request.path_info
    if not path.startswith(BOUND_PREFIX) or path.startswith(UNBOUND_PREFIX):
        return None
    scheme, _, raw = request.headers.get("Authorization", "").partition(" ")
    return raw.strip() if scheme.lower() == "bearer" else None


def verified(raw: str | None) -> tokens.Claims | None:
    """Return the claims of a valid token, or None."""
    try:
        return None if raw is None else tokens.verify(raw)
    except TokenError:
        return None


def principal(claims: tokens.Claims) -> User | None:
    """Return the bound sub-account's user whom a token is of, as long as the token fits the account."""
    users = User.objects.select_related("sub_account").filter(pk=claims.user_id)
    # Asked along with the user, so that a session's end acts on the next request without another round trip.
    user = users.annotate(session_is_alive=SessionIsAlive(Value(claims.session), "pk")).first()
    return user if user is not None and user.session_is_alive and claims.fit(user) else None


class SessionIsAlive(Func):
    """Whether a user's session goes on; a function of ours in PostgreSQL, for tenants see no refresh tokens."""

    function = "session_is_alive"
    output_field = BooleanField()


def joined_since(claims: tokens.Claims) -> int | None:
    """Return which sub-account somebody has joined since the token was issued to them in ONBOARDING, None for none.

    So that nobody signs in anew for having joined. Only such tokens cost this look, until the next refresh.
    """
    if claims.sub_account_id != ONBOARDING_ID:
        return None
    with system_scope("API: who has joined a sub-account"):
        users = User.objects.filter(pk=claims.user_id).exclude(sub_account_id=ONBOARDING_ID)
        return users.values_list("sub_account_id", flat=True).first()
