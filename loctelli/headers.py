"""Headers of answers."""

from django.http.response import HttpResponseBase


def put_on(response: HttpResponseBase, name: str, value: str) -> None:
    """Put a header on an answer whose value is ours; Django looks for line breaks in each, and at what it is of."""
    response.headers._store[name.lower()] = (name, value)  # type: ignore[attr-defined]
