"""What a load balancer and an operator ask, and what a request gets when the database is not there.

`/healthz` says that the process answers. `/readyz` names what fails: the database, its migrations, the worker.
"""

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError, ProgrammingError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string

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


class DatabaseOutageMiddleware:
    """Answers 503 with `Retry-After` when a request failed because the database is not there.

    Django turns an exception into a response between any two middlewares, so the exception itself never arrives here;
    the signal it sends with each does.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        got_request_exception.connect(_note_outage, dispatch_uid="loctelli.health")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        return outage_response(request) if getattr(request, "database_outage", False) else response


def _note_outage(sender: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
    if request is not None and isinstance(sys.exc_info()[1], Outage):
        request.database_outage = True  # type: ignore[attr-defined]


def outage_response(request: HttpRequest) -> HttpResponse:
    """Return the 503 of an unreachable database: the API's error body, or a page for a person."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS), "Cache-Control": "no-store"}
    if request.path.startswith(JSON_PATHS):
        body = _error("database_unavailable", "The database can't be reached right now; try again in a few seconds.")
        return JsonResponse(body, status=503, headers=headers)
    return HttpResponse(render_to_string("503.html"), status=503, headers=headers)


def _error(code: str, detail: str) -> dict[str, Any]:
    return {"code": code, "detail": detail, "errors": []}
