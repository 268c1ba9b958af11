"""Who acts: what the audit trail writes beside every change."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse

from loctelli import logs
from security import throttling
from security.choices import ActorType, AuditAction
from tenants import scope, trail


class Account(Protocol):
    """A user or a platform admin."""

    @property
    def pk(self) -> int: ...

    @property
    def name(self) -> str: ...


def act_as(kind: ActorType, account: Account) -> None:
    """Say who makes the changes that follow in this request."""
    scope.act_as(type=kind.value, id=account.pk, name=account.name)


def record_view(row: Any, *, by: Account) -> None:
    """Write down that a platform admin reads what is confidential about a row, in the bound system scope."""
    act_as(ActorType.ADMIN, by)
    owner = getattr(row, "sub_account_id", None)
    trail.write([trail.Entry(owner, AuditAction.VIEW.value, row._meta.label_lower, str(row.pk), str(row))])


class ActorMiddleware:
    """Keeps what is known of a request's sender beforehand, and forgets everything about them afterwards."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with scope.acting(address=partial(throttling.peer_address, request), request_id=logs.request_id.get):
            return self.get_response(request)
