"""Query strings, read as strictly as bodies: unknown, repeated or malformed parameters are refused."""

from collections.abc import Collection, Mapping
from urllib.parse import unquote_to_bytes

from loctelli.errors import InvalidRequest


def check(request, known: Collection[str]) -> None:
    """Refuse a query string that is not UTF-8, contains NUL, or names a parameter the endpoint does not know."""
    query = request.META.get("QUERY_STRING", "")
    if not query:
        return
    try:
        text = unquote_to_bytes(query.encode("latin-1")).decode()
    except UnicodeError:
        raise InvalidRequest.at("", "invalid_encoding", "The query string is not valid UTF-8.") from None
    if "\x00" in text:
        raise InvalidRequest.at("", "invalid_characters", "The query string can't contain NUL characters.")
    for name, values in request.GET.lists():
        if name not in known:
            allowed = ", ".join(sorted(known)) or "none"
            raise InvalidRequest.at(name, "unknown_parameter", f"No such parameter here; known are: {allowed}.")
        if len(values) > 1:
            raise InvalidRequest.at(name, "repeated_parameter", "This parameter can be given only once.")


def sent(request) -> Mapping[str, str]:
    """Return the parameters; where there is no query string, without having Django take it apart."""
    return request.GET if request.META.get("QUERY_STRING") else {}


def flag(request, name: str) -> bool:
    """Return a parameter that is "true" or "false" (when absent, too)."""
    value = sent(request).get(name, "false")
    if value not in ("true", "false"):
        raise InvalidRequest.at(name, "invalid", 'Must be "true" or "false".')
    return value == "true"


def names(request, name: str) -> tuple[str, ...] | None:
    """Return a comma-separated parameter's names, None when it is absent."""
    value = sent(request).get(name)
    return None if value is None else tuple(part.strip(" ") for part in value.split(","))
