"""Binds each API request to its user's sub-account."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, cast

from django.db import models, transaction
from django.db.models import BooleanField, Func
from django.http import HttpRequest, HttpResponse
from rest_framework_simplejwt.exceptions import TokenError

from accounts import forgery, throttles, tokens
from accounts.models import User
from accounts.principals import COLUMNS, Principal
from loctelli.api import ahead
from loctelli.database.compiled import Parameter, Statement
from loctelli.database.queries import Query
from security import audit, throttling
from security.choices import ActorType
from tenants.models import ONBOARDING_ID
from tenants.scope import glance, system_scope, tenant_scope

# Endpoints without a sub-account: signing in happens before one is known.
BOUND_PREFIX, UNBOUND_PREFIX = "/api/v1/", "/api/v1/auth/"
# Endpoints that learn who asks and then open scopes of their own, for they hash or act as the system.
OPENING_OWN_SCOPES = ("/api/v1/me/join/", "/api/v1/me/password/", "/api/v1/me/sessions/")


class BoundRequest(HttpRequest):
    """A request once it is known who sends it: what its token claims, and the user it is of; None for nobody.

    `begun` is the view that has begun to write, and has read what that refers to.
    """

    claims: tokens.Claims | None
    principal: Principal | None
    begun: Any


class TenantBindingMiddleware:
    """Makes a request with a bearer token one transaction in its user's tenant scope, rendering included.

    An answer with status 400 or more rolls everything back. The throttle counts in a transaction of its own before the
    scope's, so that one user's requests don't queue behind each other and a refused one is counted. That, opening the
    scope and learning who asks are one round trip. Makes every request a BoundRequest.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, plain_request: HttpRequest) -> HttpResponse:
        request = cast(BoundRequest, plain_request)
        raw = bearer_token(request)
        request.claims, request.principal = verified(raw), None
        policies = throttles.policies_of(request, request.claims)
        if request.claims is not None:
            hits = throttling.Hits(policies)
            planned = ahead.plan(request, request.claims.sub_account_id)
            if planned is not None and planned.is_read:
                answer = self.glanced_response(request, request.claims, hits, planned)
                if answer is not None:
                    return answer
                planned = None
            return self.bound_response(request, request.claims, hits, planned)
        verdicts = throttling.hit_each(policies) if policies else {}
        if (refusal := throttles.refuse(verdicts)) is not None:
            return refusal
        if raw is not None:
            forgery.report_if_forged(raw, request)
        return throttling.add_rate_limit_headers(self.get_response(request), verdicts)

    def glanced_response(
        self, request: BoundRequest, claims: tokens.Claims, hits: throttling.Hits, planned: ahead.Ahead
    ) -> HttpResponse | None:
        """Count a request that merely reads and answer it, in one round trip; None for what takes more than that."""
        asked = PrincipalQuery(claims)
        try:
            with glance(claims.sub_account_id, asked, *planned.queries, before=hits):
                verdicts = hits.verdicts()
                if (refusal := throttles.refuse(verdicts)) is not None:
                    return refusal
                request.principal = asked.principal()
                if request.principal is None:
                    return None
                return throttling.add_rate_limit_headers(planned.response(), verdicts)
        except ahead.Barred:
            request.principal = None
            return None

    def bound_response(
        self, request: BoundRequest, claims: tokens.Claims, hits: throttling.Hits, planned: ahead.Ahead | None
    ) -> HttpResponse:
        """Count a request, unless that is done, and answer it in the scope that its claims name."""
        asked = PrincipalQuery(claims)
        first = [asked, *(planned.queries if planned else ())]
        request.begun = planned.view if planned else None
        with tenant_scope(claims.sub_account_id, before=None if hits.rows else hits, first=first):
            verdicts = hits.verdicts()
            if (refusal := throttles.refuse(verdicts)) is not None:
                transaction.set_rollback(True)
                return refusal
            if (response := self.response_to(request, asked.principal())) is not None:
                return throttling.add_rate_limit_headers(response, verdicts)
            # What was planned may have claimed an Idempotency-Key for nobody.
            transaction.set_rollback(True)
        if request.principal is None and (joined := joined_since(claims)) is not None:
            asked, request.begun = PrincipalQuery(replace(claims, sub_account_id=joined)), None
            with tenant_scope(joined, first=[asked]):
                if (response := self.response_to(request, asked.principal())) is not None:
                    return throttling.add_rate_limit_headers(response, verdicts)
        return throttling.add_rate_limit_headers(self.get_response(request), verdicts)

    def response_to(self, request: BoundRequest, principal: Principal | None) -> HttpResponse | None:
        """Answer somebody in the bound scope; None for nobody, and for an endpoint that opens scopes of its own."""
        request.principal = principal
        if principal is None:
            return None
        audit.act_as(ActorType.USER, principal)
        if request.path_info.startswith(OPENING_OWN_SCOPES):
            return None
        response = self.get_response(request)
        if response.status_code >= 400:
            transaction.set_rollback(True)
        return response


def bearer_token(request: HttpRequest) -> str | None:
    """Return the token that a request for a bound endpoint shows, None for none."""
    path = request.path_info
    if not path.startswith(BOUND_PREFIX) or path.startswith(UNBOUND_PREFIX):
        return None
    scheme, _, raw = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return raw.strip() if scheme.lower() == "bearer" else None


def verified(raw: str | None) -> tokens.Claims | None:
    """Return the claims of a valid token, or None."""
    try:
        return None if raw is None else tokens.verify(raw)
    except TokenError:
        return None


class SessionIsAlive(Func):
    """Whether a user's session goes on; a function of ours in PostgreSQL, for tenants see no refresh tokens."""

    function = "session_is_alive"
    output_field = BooleanField()


class PrincipalQuery(Query):
    """Asks for the bound sub-account's user whom a token is of, and whose session goes on."""

    def __init__(self, claims: tokens.Claims) -> None:
        self.claims = claims
        statement = _statement()
        values = {"sub_account_id": claims.sub_account_id, "user_id": claims.user_id, "session": claims.session}
        super().__init__(statement.sql, statement.arguments(**values))

    def principal(self) -> Principal | None:
        """Return who asks, as long as the token fits the account and both it and the sub-account are active."""
        if not self.rows:
            return None
        principal = Principal._make(self.rows[0])
        is_active = principal.is_active and principal.sub_account_is_active
        return principal if is_active and self.claims.fit(principal.password) else None


@cache
def _statement() -> Statement:
    users = User.objects.of(Parameter("sub_account_id")).filter(pk=Parameter("user_id"))
    # Asked along with the user, so that a session's end acts on the next request without another round trip.
    alive = users.filter(SessionIsAlive(Parameter("session", models.TextField()), "pk"))
    return Statement(alive.values_list(*COLUMNS))


def joined_since(claims: tokens.Claims) -> int | None:
    """Return which sub-account somebody has joined since the token was issued to them in ONBOARDING, None for none.

    So that nobody signs in anew for having joined. Only such tokens cost this look, until the next refresh.
    """
    if claims.sub_account_id != ONBOARDING_ID:
        return None
    with system_scope("API: who has joined a sub-account"):
        users = User.objects.filter(pk=claims.user_id).exclude(sub_account_id=ONBOARDING_ID)
        return users.values_list("sub_account_id", flat=True).first()
