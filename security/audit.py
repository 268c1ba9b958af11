"""Who acts: what the audit trail writes beside every change."""

from collections.abc import Callable
from typing import Protocol

import structlog
from django.http import HttpRequest, HttpResponse

from security import throttling
from security.choices import ActorType
from tenants import scope


class Account(Protocol):
    """A user or a platform admin."""

    pk: int
    name: str


def act_as(kind: ActorType, account: Account) -> None:
    """Say who makes the changes that follow in this request."""
    scope.act_as(type=kind.value, id=account.pk, name=account.name)


class ActorMiddleware:
    """Keeps what is known of a request's sender beforehand, and forgets everything about them afterwards."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        address = throttling.peer_address(request)
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        with scope.acting(address=str(address) if address else None, request_id=request_id):
            return self.get_response(request)
