"""Keyset pages: a signed cursor says which row a page ends at, so every page costs the same and no row is skipped."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hmac import compare_digest
from typing import Any
from urllib.parse import urlencode

import orjson
from django.conf import settings
from django.db import models
from django.db.models import F
from django.db.models.fields.tuple_lookups import (
    TupleGreaterThan,
    TupleGreaterThanOrEqual,
    TupleLessThan,
    TupleLessThanOrEqual,
)
from rest_framework.pagination import BasePagination

from loctelli.api import parameters
from loctelli.api.reading import Row
from loctelli.api.selection import MAX_ROWS
from loctelli.database.compiled import Count, Parameter
from loctelli.database.queries import Query
from loctelli.errors import InvalidRequest

PAGE_SIZE, MAX_PAGE_SIZE = 50, 200
# Counting costs the more the more there is, and nobody reads the digits.
MAX_COUNT = 10_000
# What of a query string does not change which rows a list has, in which order.
PRESENTATION = {"cursor", "page_size", "count", "fields", "include"}
SIGNATURE_BYTES = 32


@dataclass(frozen=True, eq=False)
class Ordering:
    """A column and the key that breaks its ties, in one direction, so that one index and one comparison serve both.

    There is one of each, so that what is remembered by it is found without a look at its columns.
    """

    column: models.Field
    key: models.Field
    descending: bool

    @property
    def fields(self) -> list[models.Field]:
        return [self.column] if self.column == self.key else [self.column, self.key]

    @property
    def names(self) -> list[str]:
        return [field.name for field in self.fields]

    def apply(self, queryset: models.QuerySet, way: "Way | None") -> models.QuerySet:
        """Return the rows in this order or, read backwards, in the other; past a position when there is a way to go.

        The position is one row-value comparison, which an index serves; `values` fills it.
        """
        descending = self.descending != (way is not None and way.backwards)
        if way is not None:
            lookups = [[TupleGreaterThan, TupleGreaterThanOrEqual], [TupleLessThan, TupleLessThanOrEqual]]
            lookup = lookups[descending][way.inclusive]
            position = [Parameter(f"position_{field.name}", field) for field in self.fields]
            queryset = queryset.filter(lookup([F(name) for name in self.names], position))
        return queryset.order_by(*(f"-{name}" if descending else name for name in self.names))

    def values(self, position: "Position") -> dict[str, Any]:
        """Return what fills the holes of `apply`."""
        return {
            f"position_{field.name}": field.to_python(value)
            for field, value in zip(self.fields, position.values, strict=True)
        }


@dataclass(frozen=True)
class Way:
    """Where to read from a position: backwards or forwards, past it or from it on."""

    backwards: bool = False
    inclusive: bool = False


@dataclass(frozen=True)
class Position:
    """Where a page starts: the values of a row it is past, or at."""

    values: list[str]
    way: Way = Way()


class CursorSigner:
    """Signs the cursors of one list by keyed BLAKE2 (RFC 7693) under the first of some keys; all are believed."""

    def __init__(self, listing: str, keys: Iterable[str]) -> None:
        self.keys = [hashlib.sha256(f"loctelli.api.cursor.{listing}{key}".encode()).digest() for key in keys]

    def sign(self, data: Any) -> str:
        """Return data, which is JSON, as a cursor: base64 of its signature and itself."""
        text = orjson.dumps(data)
        return urlsafe_b64encode(_signature(text, self.keys[0]) + text).rstrip(b"=").decode()

    def unsign(self, cursor: str) -> Any:
        """Return the data of a cursor; raise ValueError for one that none of the keys has signed for this list."""
        raw = urlsafe_b64decode(f"{cursor}==")
        signature, text = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
        if not any(compare_digest(signature, _signature(text, key)) for key in self.keys):
            raise ValueError("Nobody has signed this.")
        return orjson.loads(text)


def _signature(text: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=SIGNATURE_BYTES, key=key).digest()


class KeysetPagination(BasePagination):
    """Pages of `{next, previous, results}`; `?count=true` adds the number of all rows, up to MAX_COUNT."""

    def plan(self, request, view) -> list[Query]:
        """Return what reads the page that a request asks of a viewset."""
        self.request = request
        self.ordering = ordering_of(request, view)
        self.size, self.start = self._size(), self.position()
        if self.size * (most := view.selection.most_rows) > MAX_ROWS:
            detail = f"With what is included a page could have {self.size * most:,} rows; the limit is {MAX_ROWS:,}."
            raise InvalidRequest.at("page_size", "too_many_rows", f"{detail} At most {MAX_ROWS // most} fit here.")
        way = None if self.start is None else self.start.way
        place = {} if self.start is None else self.ordering.values(self.start)
        self.reading, query = view.list_query(self.ordering, way, self.size + 1, place)
        self.queries = [query]
        if parameters.flag(request, "count"):
            self.queries.append(Count(view.rows, at_most=MAX_COUNT + 1).query(**view.bound()))
        return self.queries

    def page(self) -> dict[str, Any]:
        """Return the page of what the plan has read."""
        rows, start = self.queries[0].rows, self.start
        further, rows = len(rows) > self.size, rows[: self.size]
        if start is not None and start.way.backwards:
            rows.reverse()
            self._link(rows, after=True, before=further)
        else:
            self._link(rows, after=further, before=start is not None)
        page = {"next": self.next, "previous": self.previous, "results": self.reading.answers(rows)}
        if len(self.queries) > 1:
            counted = self.queries[1].rows[0][0]
            page = {"count": min(counted, MAX_COUNT), "count_is_exact": counted <= MAX_COUNT, **page}
        return page

    def _link(self, rows: list, *, after: bool, before: bool) -> None:
        self.next = self.previous = None
        if rows:
            self.next = self._url(self._position_of(rows[-1])) if after else None
            self.previous = self._url(self._position_of(rows[0], Way(backwards=True))) if before else None
        elif self.start is not None:
            # All rows this way are gone meanwhile: turn round, and don't miss the row that was the last one.
            way = self.start.way
            back = self._url(Position(self.start.values, Way(not way.backwards, not way.inclusive)))
            self.next, self.previous = (back, None) if way.backwards else (None, back)

    def _position_of(self, row: Row, way: Way = Way()) -> Position:
        # The columns of the order come last.
        return Position([_text(value) for value in row[len(self.reading.columns) :]], way)

    def _size(self) -> int:
        text = parameters.sent(self.request).get("page_size", str(PAGE_SIZE))
        if not text.isascii() or not text.isdigit() or len(text) > 3 or not 1 <= int(text) <= MAX_PAGE_SIZE:
            raise InvalidRequest.at("page_size", "out_of_range", f"Must be a number from 1 to {MAX_PAGE_SIZE}.")
        return int(text)

    # The cursor, signed, and bound to the list that it was made for.

    @property
    def _signer(self) -> "CursorSigner":
        query = self.request.GET.lists() if self.request.META.get("QUERY_STRING") else ()
        asked = tuple(sorted((name, tuple(values)) for name, values in query if name not in PRESENTATION))
        return _signer_of(self.request.path, asked, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)

    def position(self) -> Position | None:
        cursor = parameters.sent(self.request).get("cursor")
        if cursor is None:
            return None
        try:
            values, backwards, inclusive = self._signer.unsign(cursor)
        except ValueError:
            raise InvalidRequest.at("cursor", "invalid_cursor", "This cursor is not of this list.") from None
        return Position(values, Way(backwards, inclusive))

    def _url(self, position: Position) -> str:
        cursor = self._signer.sign([position.values, position.way.backwards, position.way.inclusive])
        if self.request.META.get("QUERY_STRING"):
            query = {name: values for name, values in self.request.GET.lists() if name != "cursor"}
            asked = urlencode({**query, "cursor": cursor}, doseq=True)
        else:
            asked = f"cursor={cursor}"
        # A path of ours has nothing in it to be quoted.
        return f"{self.request.scheme}://{self.request.host}{self.request.path}?{asked}"

    # Documentation.

    def get_schema_operation_parameters(self, view) -> list[dict]:
        names = [sign + name for name in view.ordering_fields for sign in ("", "-")]
        found = [
            ("cursor", "Where the page starts: taken from `next` or `previous` of another page.", {"type": "string"}),
            (
                "page_size",
                "How many rows a page has at most.",
                {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE},
            ),
            ("count", f"Whether to count all rows, too, up to {MAX_COUNT:,}.", {"type": "boolean", "default": False}),
        ]
        if names:
            schema = {"type": "string", "enum": names, "default": view.ordering.replace("pk", "id")}
            found.append(("ordering", "The order of the list; `-` for descending.", schema))
        return [
            {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
            for name, description, schema in found
        ]

    def get_paginated_response_schema(self, schema: dict) -> dict:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "count": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": MAX_COUNT,
                    "description": "The number of all rows, counted no further than this; only with `?count=true`.",
                },
                "count_is_exact": {
                    "type": "boolean",
                    "description": "Whether there are no more than `count`; only with `?count=true`.",
                },
                "next": {**link, "description": "The next page, null when this is the last."},
                "previous": {**link, "description": "The page before, null when this is the first."},
                "results": schema,
            },
        }


def ordering_of(request, view) -> Ordering:
    """Return the order that a request asks for, or the viewset's own."""
    asked = parameters.sent(request).get("ordering", view.ordering)
    if asked != view.ordering and asked.removeprefix("-") not in view.ordering_fields:
        known = ", ".join(view.ordering_fields) or "none"
        raise InvalidRequest.at("ordering", "invalid_ordering", f"This list can be ordered by: {known}.")
    return _ordering(view.serializer_class.Meta.model, asked)


@lru_cache(maxsize=1024)
def _ordering(model: type[models.Model], asked: str) -> Ordering:
    meta, name = model._meta, asked.removeprefix("-")
    return Ordering(meta.pk if name == "pk" else meta.get_field(name), meta.pk, asked.startswith("-"))


@lru_cache(maxsize=1024)
def _signer_of(path: str, asked: tuple, *keys: str) -> CursorSigner:
    return CursorSigner(hashlib.sha256(repr((path, asked)).encode()).hexdigest(), keys)


def _text(value: Any) -> str:
    """Return a value of a position as the cursor keeps it, for `to_python` to read."""
    return value.isoformat() if isinstance(value, datetime) else str(value)
