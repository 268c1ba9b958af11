"""Renders every error of the API in its one shape: {"code", "detail", "errors": [{"path", "code", "detail"}]}."""

import math
from collections.abc import Iterator
from typing import Any

from django.core import exceptions as django_exceptions
from django.db import DataError, IntegrityError
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from loctelli.api.integrity import from_data_error, from_integrity_error
from loctelli.api.parsers import BodyTooLarge, join
from loctelli.api.renderers import dumps
from loctelli.errors import DomainError, InvalidRequest, StillReferenced, error_body

# What answers for the errors that are not a DomainError: code and sentence of each status.
SENTENCES = {
    400: ("bad_request", "The request is malformed."),
    401: ("not_authenticated", "Sign in first: no valid access token was given."),
    403: ("permission_denied", "You may not do this."),
    404: ("not_found", "There is no such thing here."),
    405: ("method_not_allowed", "This method is not allowed here."),
    406: ("not_acceptable", "Answers are application/json."),
    415: ("unsupported_media_type", "Bodies must be application/json."),
    429: ("throttled", "Too many requests: wait before the next one."),
    500: ("server_error", "Something went wrong on our side."),
    503: ("unavailable", "The service is not available at the moment."),
}


def exception_handler(exception: Exception, context: dict) -> Response | None:
    """Return the answer to an exception raised in a view, or None when it is not a request's fault.

    The middleware rolls the request's transaction back whenever the status is 400 or above.
    """
    if isinstance(exception, exceptions.APIException) and not isinstance(exception, exceptions.ValidationError):
        return _from_api_exception(exception)
    error = as_domain_error(exception, context)
    if error is None:
        return None
    return Response(error_body(error.code, error.detail, error.errors), error.status, headers=dict(error.headers))


def rendered(error: DomainError) -> HttpResponse:
    """Return the answer to an error that was met before any view."""
    body = dumps(error_body(error.code, error.detail, error.errors))
    return HttpResponse(body, status=error.status, content_type="application/json", headers=dict(error.headers))


def unframed(answer: Response) -> HttpResponse:
    """Return an answer of Django REST framework's that is made without its request."""
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    content = b"" if answer.data is None else dumps(answer.data)
    return HttpResponse(content, status=answer.status_code, content_type="application/json", headers=headers)


def as_domain_error(exception: Exception, context: dict) -> DomainError | None:
    """Return what an exception means to the client, None when it means nothing."""
    match exception:
        case DomainError():
            return exception
        case exceptions.ValidationError():
            return InvalidRequest(errors=list(flatten(exception.detail)))
        case django_exceptions.ValidationError():
            return InvalidRequest(errors=list(_flatten_django(exception)))
        case ProtectedError() | RestrictedError():
            return StillReferenced(counts=_count_referrers(exception))
        case IntegrityError():
            return from_integrity_error(exception, deleting=_is_deleting(context))
        case DataError():
            return from_data_error(exception)
        case Http404():
            return _plain(404)
        case django_exceptions.PermissionDenied():
            return _plain(403)
        case django_exceptions.RequestDataTooBig():
            return BodyTooLarge()
        case _:
            return None


def flatten(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Yield the fields at fault of DRF's nested error details."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            yield from flatten(inner, path if key == api_settings.NON_FIELD_ERRORS_KEY else join(path, key))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from flatten(inner, join(path, index) if isinstance(inner, dict | list) else path)
    else:
        yield {"path": path, "code": str(getattr(detail, "code", "invalid")), "detail": str(detail)}


def _flatten_django(error: django_exceptions.ValidationError) -> Iterator[dict[str, str]]:
    fields = error.error_dict if hasattr(error, "error_dict") else {"": error.error_list}
    for name, errors in fields.items():
        for inner in errors:
            path = "" if name == django_exceptions.NON_FIELD_ERRORS else name
            yield {"path": path, "code": inner.code or "invalid", "detail": " ".join(inner.messages)}


def _count_referrers(error: ProtectedError | RestrictedError) -> dict[str, int]:
    rows = error.protected_objects if isinstance(error, ProtectedError) else error.restricted_objects
    counts: dict[str, int] = {}
    for row in rows:
        counts[row._meta.db_table] = counts.get(row._meta.db_table, 0) + 1
    return counts


def _is_deleting(context: dict) -> bool:
    request = context.get("request")
    return request is not None and request.method == "DELETE"


def _plain(status: int) -> DomainError:
    code, detail = SENTENCES[status]
    error = DomainError(detail)
    error.code, error.status = code, status
    return error


def _from_api_exception(exception: exceptions.APIException) -> Response:
    code, detail = SENTENCES.get(exception.status_code, SENTENCES[400])
    if isinstance(exception.detail, exceptions.ErrorDetail) and exception.detail.code != exception.default_code:
        # Somebody chose these words for this case.
        code, detail = exception.detail.code, str(exception.detail)
    headers = {}
    if challenge := getattr(exception, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exception, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    return Response(error_body(code, detail), exception.status_code, headers=headers)


# The handlers of `urls.py`, for what fails outside of API views; pages outside /api/ keep Django's own.


def bad_request(request, exception) -> HttpResponse:
    return _outside_views(request, 400) or defaults.bad_request(request, exception)


def permission_denied(request, exception) -> HttpResponse:
    return _outside_views(request, 403) or defaults.permission_denied(request, exception)


def not_found(request, exception) -> HttpResponse:
    return _outside_views(request, 404) or defaults.page_not_found(request, exception)


def server_error(request) -> HttpResponse:
    return _outside_views(request, 500) or defaults.server_error(request)


def _outside_views(request, status: int) -> HttpResponse | None:
    if not request.path.startswith("/api/"):
        return None
    return HttpResponse(dumps(error_body(*SENTENCES[status])), status=status, content_type="application/json")
