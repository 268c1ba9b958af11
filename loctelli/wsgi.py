"""The WSGI application that the HTTP server's worker processes load."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loctelli.settings")

answer = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request: by a list with the whole body in it unless it is a stream, which the server asks for in turns.

    Other iterables the server takes for streams, each of which it hands from thread to thread.
    """
    response: Any = answer(environ, start_response)
    if not isinstance(response, HttpResponse):
        return response
    try:
        return [response.content]
    finally:
        response.close()
