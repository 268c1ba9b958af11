"""Request bodies, parsed strictly: what is ambiguous or can't be stored is refused with a code and a path."""

import json
import math
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, RawPostDataException, UnreadablePostError
from rest_framework.parsers import BaseParser

from loctelli.errors import DomainError

MAX_DEPTH = 32
INT64 = range(-(2**63), 2**63)


class InvalidJSON(DomainError):
    code = "invalid_json"
    detail = "The body is not valid JSON."


class InvalidEncoding(DomainError):
    code = "invalid_encoding"
    detail = "The body is not valid UTF-8."


class BodyTooLarge(DomainError):
    code = "body_too_large"
    status = 413
    detail = "The body is too large."


class BodyUnreadable(DomainError):
    code = "body_unreadable"
    detail = "The body ended before it was complete."


class UnacceptableValue(DomainError):
    """A value that JSON allows and this API does not; subclasses say which."""

    def __init__(self, path: str = "") -> None:
        super().__init__(errors=[{"path": path, "code": self.code, "detail": self.detail}])


class TooDeep(UnacceptableValue):
    code = "too_deep"
    detail = f"The body is nested more than {MAX_DEPTH} levels deep."


class DuplicateKey(UnacceptableValue):
    code = "duplicate_key"
    detail = "A key is given twice in one object."


class NumberOutOfRange(UnacceptableValue):
    code = "number_out_of_range"
    detail = "Numbers are finite, and integers have at most 64 bits."


class InvalidCharacters(UnacceptableValue):
    code = "invalid_characters"
    detail = "Text can't contain NUL characters or lone surrogates."


class StrictJSONParser(BaseParser):
    """Parses application/json within the limits of size and depth, and refuses what has two meanings or none."""

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None) -> Any:
        return parse(read(stream))


def read(stream) -> bytes:
    """Return the body, never reading more than is allowed."""
    try:
        raw = stream.read(settings.API_MAX_BODY_BYTES + 1)
    except UnreadablePostError:
        raise BodyUnreadable from None
    if len(raw) > settings.API_MAX_BODY_BYTES:
        raise BodyTooLarge
    return raw


def body_of(request: HttpRequest) -> bytes:
    """Return the body of a request that says how long it is; it can be asked for again."""
    try:
        return request.body
    except RequestDataTooBig:
        raise BodyTooLarge from None
    except (UnreadablePostError, RawPostDataException):
        # The second time that it is asked for, too.
        raise BodyUnreadable from None


def parse(raw: bytes) -> Any:
    """Return the value of a JSON document."""
    try:
        value = DECODER.decode(raw.decode())
    except UnicodeDecodeError:
        raise InvalidEncoding from None
    except RecursionError:
        raise TooDeep from None
    except json.JSONDecodeError as error:
        raise InvalidJSON(f"The body is not valid JSON at line {error.lineno}, column {error.colno}.") from None
    # Control characters and lone surrogates come into a text by an escape alone.
    if b"\\u" in raw or not _is_acceptable(value, 1):
        check(value)
    return value


class _Repeating(dict):
    """An object in which a key was given more than once."""


def _object(pairs: list[tuple[str, Any]]) -> dict:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeating(found)


def _integer(digits: str) -> int | float:
    # Infinity stands for what is out of range, so that `check` can say where; 64 bits have at most 20 characters.
    return int(digits) if len(digits) <= 20 else math.inf


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_constant=float)


def _is_acceptable(value: Any, depth: int) -> bool:
    """Return whether `check` has nothing to refuse but for the characters of texts."""
    kind = type(value)
    if kind is dict or kind is list:
        items = value if kind is list else value.values()
        return depth <= MAX_DEPTH and all(type(item) is str or _is_acceptable(item, depth + 1) for item in items)
    if kind is int or kind is float:
        return is_storable(value)
    return kind is not _Repeating


def check(value: Any) -> None:
    """Refuse what this API can't take anywhere within a parsed document, naming its path."""
    pending = [(value, "", 1)]
    while pending:
        found, path, depth = pending.pop()
        if isinstance(found, str):
            check_text(found, path)
        elif isinstance(found, int | float) and not is_storable(found):
            raise NumberOutOfRange(path)
        elif isinstance(found, dict | list):
            if depth > MAX_DEPTH:
                raise TooDeep(path)
            if isinstance(found, _Repeating):
                raise DuplicateKey(path)
            pending.extend(_children(found, path, depth + 1))


def _children(container: dict | list, path: str, depth: int) -> Iterator[tuple[Any, str, int]]:
    if isinstance(container, list):
        for index, item in enumerate(container):
            yield item, join(path, index), depth
    else:
        for key, item in container.items():
            check_text(key, path)
            yield item, join(path, key), depth


def check_text(text: str, path: str) -> None:
    if not is_storable_text(text):
        raise InvalidCharacters(path)


def is_storable_text(text: str) -> bool:
    """Return whether PostgreSQL can store a text: it is free of NUL characters and lone surrogates."""
    return "\x00" not in text and (text.isascii() or is_encodable(text))


def is_encodable(text: str) -> bool:
    """Return whether text is free of lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_storable(number: int | float) -> bool:
    """Return whether a number is finite and, being an integer, fits 64 bits."""
    return number in INT64 if isinstance(number, int) else math.isfinite(number)


def join(path: str, key: str | int) -> str:
    """Return the path of what a container at `path` holds under a key."""
    return f"{path}.{key}" if path else str(key)
