"""Reads that are planned before it is known who asks, so that they travel to PostgreSQL along with that question."""

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse

from loctelli.api.routes import route
from loctelli.database.queries import Query

if TYPE_CHECKING:
    from loctelli.api.viewsets import GenericViewSet


class Barred(Exception):
    """Something bars the way of a read that was planned: the long way finds out what."""


class Ahead:
    """A read that is planned: `queries` are to be run in the scope of the sub-account that it was planned for."""

    def __init__(self, view: "GenericViewSet", queries: list[Query]) -> None:
        self.view, self.queries = view, queries

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
    """Return the read that a request asks for; None for what is no read, or has something barring its way.

    A list that is narrowed is not planned ahead: somebody past their rate would have PostgreSQL search for nothing.
    """
    if request.method != "GET":
        return None
    try:
        found = route(request.path_info)
        reader = getattr(found.view, "reader", None)
        if reader is None:
            return None
        view = reader(request, found.kwargs)
        if view.is_narrowed:
            return None
        view.bind(sub_account_id)
        return Ahead(view, view.plan())
    except Exception:  # as above
        return None
