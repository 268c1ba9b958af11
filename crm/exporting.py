"""Lists as files: the same rows as the list has, all of them, read and sent a chunk at a time."""

import logging
from collections.abc import Iterator
from threading import BoundedSemaphore
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.decorators import action
from rest_framework.request import Request

from accounts.middleware import PrincipalQuery
from loctelli.api.pagination import Position, ordering_of
from loctelli.api.schema import AutoSchema
from loctelli.api.selection import MAX_ROWS, Selection, is_to_many
from loctelli.database.compiled import run
from loctelli.errors import DomainError, InvalidRequest
from loctelli.exports import FORMATS, file_response
from tenants.scope import tenant_scope

logger = logging.getLogger("loctelli.exports")

CHUNK = 1000
# A client that reads a long file slowly keeps a thread busy: one always stays free for everybody else.
places = BoundedSemaphore(max(1, settings.WEB_THREADS - 1))

AS = OpenApiParameter("as", str, enum=list(FORMATS), default="csv", description="The kind of file.")


class ExportsBusy(DomainError):
    """All the long exports that may run at once in this process are running."""

    code = "exports_busy"
    status = 503
    detail = "Other exports are running: try again in a moment."
    headers = {"Retry-After": "10"}


class ExportSchema(AutoSchema):
    """Describes the orders that an export can have."""

    def get_override_parameters(self) -> list:
        parameters = super().get_override_parameters()
        if getattr(self.view, "action", None) != "export":
            return parameters
        names = [sign + name for name in self.view.export_ordering for sign in ("", "-")]
        default = self.view.ordering.replace("pk", "id")
        text = "The order of the rows; `-` for descending."
        return [*parameters, OpenApiParameter("ordering", str, enum=names, default=default, description=text)]


class Chunks:
    """The rows of a list, one chunk a scope, each asked for when the one before is used up.

    A position is a row's values, not an open cursor, so nothing is held between chunks: no transaction, no connection.
    Who asks is looked up anew for each, so a session that ends ends its export.
    """

    is_open = False

    def __init__(self, view: Any, request: Request) -> None:
        self.view, self.request, self.user_id, self.sent = view, request, request.user.pk, 0
        self.ordering = ordering_of(request, view)
        self.size = min(CHUNK, MAX_ROWS // view.selection.most_rows)
        # In the request's own scope: what is wrong with it is answered as ever.
        self.rows, self.position = self._read(None)
        if self.position is not None:
            self.is_open = places.acquire(blocking=False)
            if not self.is_open:
                raise ExportsBusy

    def __iter__(self) -> Iterator[dict]:
        try:
            while True:
                for row in self.rows:
                    yield row
                    self.sent += 1
                if self.position is None:
                    return
                self.rows, self.position = self._next(self.position)
        finally:
            self.close()
            logger.info("Export of %s to user %s: %s rows", self.request.path, self.user_id, self.sent)

    def _next(self, position: Position) -> tuple[list[dict], Position | None]:
        claims = self.request._request.claims
        try:
            asked = PrincipalQuery(claims)
            with tenant_scope(claims.sub_account_id, first=[asked]):
                if (principal := asked.principal()) is None:
                    raise exceptions.NotAuthenticated
                self.request.user = principal
                self.view.check_permissions(self.request)
                return self._read(position)
        finally:
            if not connection.in_atomic_block:  # as it is in a test's own transaction
                # Back to the pool while the client reads.
                close_old_connections()

    def _read(self, position: Position | None) -> tuple[list[dict], Position | None]:
        """Return the rows past a position, and the last one's where more may follow."""
        known = {} if position is None else self.ordering.values(position)
        reading, query = self.view.list_query(self.ordering, position and position.way, self.size, known)
        run([query])
        found = query.rows
        # The columns of the order come last.
        last = Position(list(found[-1][len(reading.columns) :])) if len(found) == self.size else None
        return reading.answers(found), last

    def close(self) -> None:
        """Make room for another export; once is enough."""
        if self.is_open:
            self.is_open = False
            places.release()

    # An answer that is thrown away is not always closed.
    __del__ = close


class ExportMixin:
    """`GET /things/export/`: the list as a file.

    `export_ordering` names the orders it can have: columns that never change, for a row that changed its place while
    it runs would be there twice or not at all.
    """

    schema = ExportSchema()
    export_ordering: tuple[str, ...] = ()

    def get_query_parameters(self) -> set[str]:
        names = super().get_query_parameters()  # type: ignore[misc]
        return names | {"as", "ordering"} if self.action == "export" else names  # type: ignore[attr-defined]

    @extend_schema(
        parameters=[AS],
        responses={(200, kind.content_type.partition(";")[0]): OpenApiTypes.BINARY for kind in FORMATS.values()},
    )
    @action(detail=False, methods=["get"], takes_filters=True)
    def export(self, request: Request) -> StreamingHttpResponse:
        """All rows of the list, with its filters, search and fields, as a file that is sent as it is read.

        CSV and XLSX have a column for each field (`strategy.name` for a field of an included one); cells that a
        spreadsheet would take for a formula are text there, in CSV by an apostrophe before them. JSON lines hold what
        the list's `results` do. Rows that are made or deleted meanwhile may be there or not; each is there once.
        """
        kind = FORMATS.get(request.GET.get("as", "csv"))
        if kind is None:
            raise InvalidRequest.at("as", "invalid_choice", f"Must be one of: {', '.join(FORMATS)}.")
        if request.GET.get("ordering", self.ordering).removeprefix("-") not in ("pk", *self.export_ordering):
            known = ", ".join(self.export_ordering)
            raise InvalidRequest.at("ordering", "invalid_ordering", f"An export can be ordered by: {known}.")
        rows = Chunks(self, request)
        name = self.serializer_class.Meta.model._meta.verbose_name_plural.replace(" ", "-")
        return file_response(kind, name=name, columns=list(columns(self.selection)), rows=rows)


def columns(selection: Selection, prefix: str = "") -> Iterator[str]:
    """Yield a table's columns: fields, those of included rows beside them, and included lists as one column each."""
    yield from (prefix + name for name in selection.fields)
    for name, child in selection.includes.items():
        if is_to_many(selection.model._meta.get_field(name)):
            yield prefix + name
        else:
            yield from columns(child, f"{prefix}{name}.")
