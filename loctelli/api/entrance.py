"""The API's own way in: its requests pass just what concerns them, not what browsers, cookies and pages need."""

from collections.abc import Callable, Iterable
from typing import cast

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders
from django.utils.module_loading import import_string

from loctelli.api.routes import route
from loctelli.headers import put_on, put_on_missing

Handler = Callable[[HttpRequest], HttpResponseBase]
PREFIX = "/api/v1/"


class APIEntrance:
    """Answers the API's requests through `API_MIDDLEWARE` instead of the rest of `MIDDLEWARE`.

    What `API_ANSWER_MIDDLEWARE` adds to an answer is the same for all that come from no browser's page, so it is asked
    once, and whenever a request has an `Origin`.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.api = chain(settings.API_MIDDLEWARE, respond)
        self.dressed = chain(settings.API_ANSWER_MIDDLEWARE, self.api)
        self.bare = chain(settings.API_ANSWER_MIDDLEWARE, lambda request: HttpResponse())
        # By whether the request came by HTTPS.
        self.dress: dict[bool, ResponseHeaders] = {}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        if "HTTP_ORIGIN" in request.META or request.method == "OPTIONS":
            return self.dressed(request)
        is_secure = request.is_secure()
        if is_secure not in self.dress:
            bare = self.bare(request)
            if bare.status_code != 200:  # a redirect to HTTPS
                return bare
            del bare.headers["Content-Type"]
            self.dress[is_secure] = bare.headers
        response = self.api(request)
        put_on_missing(response, self.dress[is_secure])
        return response


class AddressedRequest(HttpRequest):
    """A request for a host name that is ours."""

    host: str


class HostAndLengthMiddleware:
    """Does what of CommonMiddleware concerns the API: refuses foreign host names, and says how long an answer is."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, plain_request: HttpRequest) -> HttpResponseBase:
        request = cast(AddressedRequest, plain_request)
        # Raises DisallowedHost.
        request.host = request.get_host()
        response = self.get_response(request)
        if isinstance(response, HttpResponse) and "Content-Length" not in response.headers:
            put_on(response, "Content-Length", str(len(response.content)))
        return response


def chain(middleware: Iterable[str], handler: Handler) -> Handler:
    """Return what passes a request through middleware to a handler, as Django's own handler does for `MIDDLEWARE`."""
    handler = convert_exception_to_response(handler)
    for path in reversed(list(middleware)):
        handler = convert_exception_to_response(import_string(path)(handler))
    return handler


def respond(request: HttpRequest) -> HttpResponseBase:
    """Return what the view at a request's address answers."""
    found = route(request.path_info)
    response = found.view(request, **found.kwargs)
    return response.render() if callable(getattr(response, "render", None)) else response
