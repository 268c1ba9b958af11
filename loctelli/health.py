"""What a load balancer and an operator ask, and what a request gets when the database is not there.

`/healthz` says that the process answers. `/readyz` names what fails: the database, its migrations, the worker.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
import structlog
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError, ProgrammingError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext, gettext_noop

log = structlog.stdlib.get_logger("loctelli.health")

RETRY_AFTER_SECONDS = 5
# The worker reports every ten seconds.
HEARTBEAT_SECONDS = 30
JSON_PATHS = ("/api/", "/healthz", "/readyz")

Outage = (OperationalError, InterfaceError)


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer that the process is alive, without asking anything of anyone."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when everything that serving needs is there, else 503 with the names of what is not."""
    checks = _checks()
    failed = [name for name, state in checks.items() if state != "ok"]
    if not failed:
        return JsonResponse({"status": "ok", "checks": checks})
    body = {**_error("not_ready", f"Not ready: {', '.join(failed)}."), "checks": checks}
    return JsonResponse(body, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def _checks() -> dict[str, str]:
    """Return what each part says: "ok", or in a word what is wrong. Behind a failure nothing can be known."""
    checks = {"database": "unreachable", "migrations": "unknown", "worker": "unknown"}
    try:
        connection.ensure_connection()
        checks["database"] = "ok"
        checks["migrations"] = "ok" if _all_migrated() else "missing"
        checks["worker"] = "ok" if _worker_is_alive() else "silent"
    except Outage:
        connection.close()
    except ProgrammingError:
        # A table or function that a missing migration would make.
        checks["migrations"] = "missing"
    return checks


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)


def _all_migrated() -> bool:
    applied = MigrationRecorder(connection).applied_migrations()
    return _known_migrations() <= applied.keys()


def _worker_is_alive() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT worker_last_heartbeat() > now() - make_interval(secs => %s)",
            [HEARTBEAT_SECONDS],
        )
        return cursor.fetchone()[0] is True


class HealthMiddleware:
    """Answers `/healthz` and `/readyz` itself: a load balancer asks by address, under no host name of ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        view = {"/healthz": healthz, "/readyz": readyz}.get(request.path_info, self.get_response)
        return view(request)


@dataclass(frozen=True)
class Failure:
    """What the database's failure means to whoever asked: the API's code, and a headline and a sentence for people."""

    code: str
    title: str
    detail: str


UNREACHABLE = Failure(
    "database_unavailable",
    gettext_noop("Back in a moment"),
    gettext_noop("The database can't be reached right now; try again in a few seconds."),
)
TOO_LONG = Failure(
    "query_timeout",
    gettext_noop("That took too long"),
    gettext_noop("This took the database too long and was ended; ask for less, or try again later."),
)
OCCUPIED = Failure(
    "rows_locked",
    gettext_noop("Somebody else was first"),
    gettext_noop("Somebody else is changing the same right now; try again in a few seconds."),
)
# The connection lives on after these.
LOCAL_FAILURES = {
    psycopg.errors.QueryCanceled: TOO_LONG,
    psycopg.errors.LockNotAvailable: OCCUPIED,
    psycopg.errors.DeadlockDetected: OCCUPIED,
}


class DatabaseOutageMiddleware:
    """Answers 503 with `Retry-After` when a request failed because the database is not there, or was asked too much.

    Django turns an exception into a response between any two middlewares, so the exception itself never arrives here;
    the signal it sends with each does.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        got_request_exception.connect(_note_outage, dispatch_uid="loctelli.health")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        failure = getattr(request, "database_failure", None)
        return response if failure is None else outage_response(request, failure)


def _note_outage(sender: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
    error = sys.exc_info()[1]
    if request is None or not isinstance(error, Outage):
        return
    failure = LOCAL_FAILURES.get(type(error.__cause__), UNREACHABLE)  # type: ignore[arg-type]
    request.database_failure = failure  # type: ignore[attr-defined]
    if failure is not UNREACHABLE:
        # Not the statement: people's data stands in it. Django logs with it where it was made.
        log.error("incident", code=failure.code, method=request.method, path=request.path)


def outage_response(request: HttpRequest, failure: Failure = UNREACHABLE) -> HttpResponse:
    """Return the 503 of a database that can't answer: the API's error body, or a page for a person."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS), "Cache-Control": "no-store"}
    if request.path.startswith(JSON_PATHS):
        return JsonResponse(_error(failure.code, failure.detail), status=503, headers=headers)
    context = {
        "title": gettext(failure.title),
        "detail": gettext(failure.detail),
        "was_sent": request.method not in ("GET", "HEAD"),
    }
    return HttpResponse(render_to_string("503.html", context), status=503, headers=headers)


def _error(code: str, detail: str) -> dict[str, Any]:
    return {"code": code, "detail": detail, "errors": []}
