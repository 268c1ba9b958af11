"""Headers of our own making, put on answers unlooked at: Django looks for line breaks in each, and at its encoding."""

from typing import Any

from django.http.response import HttpResponseBase, ResponseHeaders
from django.utils.cache import patch_vary_headers


def put_on(response: HttpResponseBase, name: str, value: str) -> None:
    """Put a header on an answer."""
    response.headers._store[name.lower()] = (name, value)  # type: ignore[attr-defined]


class ListedHeaders(ResponseHeaders):
    """Headers that are listed as they are kept; Django's own look each up again by its name."""

    def items(self) -> Any:
        return self._store.values()  # type: ignore[attr-defined]


def put_on_missing(response: HttpResponseBase, headers: ResponseHeaders) -> None:
    """Put those headers on an answer that it does not have."""
    if "Vary" in headers and "Vary" in response.headers:
        patch_vary_headers(response, [headers["Vary"]])
    listed = ListedHeaders({})
    listed._store = {**headers._store, **response.headers._store}  # type: ignore[attr-defined]
    response.headers = listed
