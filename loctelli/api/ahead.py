"""Requests are planned before it is known who asks: what they read travels to PostgreSQL along with that question."""

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse

from loctelli.api.routes import route
from loctelli.database.queries import Query

if TYPE_CHECKING:
    from loctelli.api.viewsets import GenericViewSet


class Barred(Exception):
    """Something bars the way of a read that was planned: the long way finds out what."""


# Bytes of a body that is looked into before it is known whether somebody is past their rate.
PLANNED_BODY = 65_536


class Ahead:
    """A request that is planned: `queries` are to be run in the scope of the sub-account that it was planned for."""

    def __init__(self, view: "GenericViewSet", queries: list[Query]) -> None:
        self.view, self.queries = view, queries

    @property
    def is_read(self) -> bool:
        """Whether the queries are all that it takes to answer; of a write, they read what it refers to and changes."""
        return self.view.request.method == "GET"

    def response(self) -> HttpResponse:
        """Return the answer to whom the request turned out to be of; raise Barred when something bars the way.

        Nothing but what was run can be asked of the database, such as a key to decrypt by.
        """
        try:
            self.view.admit()
            return self.view.answer_as_read()
        except Exception as error:  # whatever it is, the long way meets it again, and answers it
            raise Barred from error


def plan(request: HttpRequest, sub_account_id: int) -> Ahead | None:
    """Return what can be planned of a request; None for one that can't, or that has something barring its way.

    A list that is narrowed is not planned ahead: somebody past their rate would have PostgreSQL search for nothing.
    """
    try:
        found = route(request.path_info)
        begin = getattr(found.view, "begin", None)
        view = begin(request, found.kwargs) if begin else None
        if view is None or view.is_narrowed or int(request.META.get("CONTENT_LENGTH") or 0) > PLANNED_BODY:
            return None
        view.bind(sub_account_id)
        return Ahead(view, view.plan())
    except Exception:  # as above
        return None
