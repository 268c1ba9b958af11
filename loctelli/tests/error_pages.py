"""The pages that people get when something fails outside of the console's own views."""

from collections.abc import Callable

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse
from django.test import Client, RequestFactory

from loctelli import health
from loctelli.api import errors

GET, POST = (getattr(RequestFactory(), method)("/console/") for method in ("get", "post"))

ERROR_PAGES: dict[str, tuple[int, Callable[[], HttpResponse]]] = {
    "an unreadable request": (400, lambda: errors.bad_request(GET, BadRequest())),
    "a refusal": (403, lambda: errors.permission_denied(GET, PermissionDenied())),
    "a form of another session": (403, lambda: Client(enforce_csrf_checks=True).post("/console/login/", {})),
    "no such page": (404, lambda: Client().get("/nothing/")),
    "a fault of ours": (500, lambda: errors.server_error(GET)),
    "an outage": (503, lambda: health.outage_response(GET)),
    "an outage while saving": (503, lambda: health.outage_response(POST)),
    "a question that takes too long": (503, lambda: health.outage_response(GET, health.TOO_LONG)),
    "somebody else's lock": (503, lambda: health.outage_response(POST, health.OCCUPIED)),
}
