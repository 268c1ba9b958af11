"""Reads that are planned before it is known who asks, so that they travel to PostgreSQL along with that question."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from loctelli.database.queries import Query

if TYPE_CHECKING:
    from loctelli.api.viewsets import GenericViewSet

# The address of one row, and an id of the same kind for each kind of id.
ROW = re.compile(r"(/.*/)(?:([0-9]{1,18})|(c[0-9a-z]{24}))/")
NUMBER, CUID = "1", "c" + "0" * 24

Reader = Callable[[HttpRequest, dict[str, Any]], "GenericViewSet"]


class Ahead:
    """A read that is planned: `queries` are to be run in the scope of the sub-account that it was planned for."""

    def __init__(self, view: "GenericViewSet", queries: list[Query]) -> None:
        self.view, self.queries = view, queries

    def response(self) -> HttpResponse | None:
        """Return the answer to whom the request turned out to be of; None when something bars the way.

        Nothing but what was run can be asked of the database, such as a key to decrypt by.
        """
        try:
            self.view.admit()
            return self.view.answer_as_read()
        except Exception:  # whatever it is, the long way meets it again, and answers it
            return None


def plan(request: HttpRequest, sub_account_id: int) -> Ahead | None:
    """Return the read that a request asks for; None for what is no read, or has something barring its way.

    A list that is narrowed is not planned ahead: somebody past their rate would have PostgreSQL search for nothing.
    """
    if request.method != "GET" or (found := _find(request.path_info)) is None:
        return None
    reader, kwargs = found
    try:
        view = reader(request, kwargs)
        if view.is_narrowed:
            return None
        view.bind(sub_account_id)
        return Ahead(view, view.plan())
    except Exception:  # as above
        return None


def _find(path: str) -> tuple[Reader, dict[str, Any]] | None:
    """Return what reads at an address, and what the address names."""
    match = ROW.fullmatch(path)
    try:
        if match is None:
            reader = _reader(path)
            return None if reader is None else (reader, {})
        parent, number, cuid = match.groups()
        reader = _reader(parent, NUMBER if number else CUID)
        return None if reader is None else (reader, {"pk": number or cuid})
    except Resolver404:
        return None


@lru_cache(maxsize=1024)
def _reader(parent: str, key: str = "") -> Reader | None:
    """Return what reads the rows at an address, one of them or, without a key, their list."""
    match = resolve(f"{parent}{key}/" if key else parent)
    return getattr(match.func, "reader", None) if match.kwargs == ({"pk": key} if key else {}) else None
