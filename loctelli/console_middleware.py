"""Django's middleware for people with a browser and a cookie, which the API has no use for and doesn't wait for."""

from collections.abc import Callable

from django.contrib.auth.middleware import AuthenticationMiddleware as DjangoAuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware as DjangoMessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.http import HttpRequest, HttpResponseBase

API_PREFIX = "/api/v1/"


class PassedByAPI:
    """Lets a request to the API by untouched: it shows a token, never a cookie."""

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(API_PREFIX):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class SessionMiddleware(PassedByAPI, DjangoSessionMiddleware):
    pass


class AuthenticationMiddleware(PassedByAPI, DjangoAuthenticationMiddleware):
    pass


class MessageMiddleware(PassedByAPI, DjangoMessageMiddleware):
    pass
