"""The short way from a request to its answer, for what is plainly read or written.

It goes as Django REST framework's `dispatch` does, by the same authentication, permissions, parameters, serializers and
statements. Its own way there (a request around the request, negotiation of the one content type, a response around the
response) takes as long as all the rest of a read.
"""

from collections.abc import Callable
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any

from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException, PermissionDenied, UnsupportedMediaType

from loctelli.api import parameters
from loctelli.api.errors import exception_handler, rendered, unframed
from loctelli.api.integrity import from_data_error
from loctelli.api.parsers import StrictJSONParser, body_of, parse
from loctelli.api.renderers import OrjsonRenderer, dumps
from loctelli.api.views import check_body
from loctelli.database.compiled import run
from loctelli.errors import DomainError

if TYPE_CHECKING:
    from rest_framework.viewsets import GenericViewSet as Base
else:
    Base = object


class LongWay(Exception):
    """A request is to be answered by Django REST framework's own way: nothing was written on the short one."""


def short(action: Callable[..., Any]) -> Callable[..., Any]:
    """Let an action of a viewset be answered the short way, unless a subclass has one of its own in its place.

    A GET has `plan_<action>()` and `<action>_data()`: what to run, and the answer made of it. What writes has, for what
    it reads first, `plan_<action>()`, too, and `do_<action>(body)`, which returns the answer's data and status; a
    DELETE's takes no body.
    """
    action.is_short = True  # type: ignore[attr-defined]
    return action


class ShortWayMixin(Base):
    """Before a viewset: answers its `short` actions without `dispatch`."""

    @classmethod
    def as_view(cls, actions=None, **initkwargs) -> Callable[..., HttpResponseBase]:
        """Return the view of some actions; what is plainly read or written comes through a shorter way.

        Such a view has `begin(request, kwargs)`: the viewset that goes it, or None for a request that doesn't.
        """
        view = super().as_view(actions, **initkwargs)
        ways = {
            method.upper(): action
            for method, action in (actions or {}).items()
            if getattr(getattr(cls, action, None), "is_short", False)
        }

        def begin(request: HttpRequest, kwargs: dict[str, Any]) -> Any:
            if request.method not in ways:
                return None
            begun = cls(**initkwargs)
            begun.request, begun.action, begun.kwargs = request, ways[request.method], kwargs
            return begun

        @wraps(view)
        def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            begun = getattr(request, "begun", None) or begin(request, kwargs)
            if begun is not None:
                answer = begun.read_at_once if request.method == "GET" else begun.write_at_once
                try:
                    return answer()
                except LongWay:
                    pass
            return view(request, *args, **kwargs)

        door.begin = begin
        return door

    def read_at_once(self) -> HttpResponse:
        """Answer a GET in the bound scope; raise LongWay when something bars the way, which is found again there."""
        try:
            self.admit()
            run(self.plan())
            return self.answer_as_read()
        except DomainError as error:
            # Not found again on the long way: what is reported as an incident happened once.
            return rendered(error)
        except (APIException, Http404) as error:
            raise LongWay from error
        except DataError as error:
            # Which ends the transaction: nothing can be read again.
            return rendered(from_data_error(error))

    def write_at_once(self) -> HttpResponse:
        """Answer what writes in the bound scope; raise LongWay when somebody may not, which is answered there."""
        try:
            self.admit()
            parameters.check(self.request, self.get_query_parameters())
        except (APIException, DomainError) as error:
            raise LongWay from error
        try:
            return self.write()
        except Exception as error:
            # Something may be written by now: there is no other way.
            answer = exception_handler(error, {"view": self, "request": self.request})
            if answer is None:
                raise
            return unframed(answer)

    def write(self) -> HttpResponse:
        """Do what the request says, and return the answer."""
        do = getattr(self, f"do_{self.action}")
        # A DELETE says all there is to say in its address.
        data, code = do() if self.request.method == "DELETE" else do(self.body)
        if data is None:
            response = HttpResponse(status=code)
            del response.headers["Content-Type"]
            return response
        return HttpResponse(dumps(data), status=code, content_type=OrjsonRenderer.media_type)

    @cached_property
    def body(self) -> Any:
        """The body of a request that came the short way; none is an empty object, as on the long one."""
        check_body(self.request)
        raw = body_of(self.request)
        if not raw:
            return {}
        if self.request.content_type.lower() != StrictJSONParser.media_type:
            raise UnsupportedMediaType(self.request.content_type)
        return parse(raw)

    def admit(self) -> None:
        """Let the one who asks in, or raise what bars the way."""
        self.request.user = None
        for authentication in self.get_authenticators():
            if (found := authentication.authenticate(self.request)) is not None:
                self.request.user = found[0]
                break
        if not all(permission.has_permission(self.request, self) for permission in self.get_permissions()):
            raise PermissionDenied

    def answer_as_read(self) -> HttpResponse:
        """Return the answer of what the plan has read; raise Http404 when nothing was there to read."""
        return HttpResponse(dumps(getattr(self, f"{self.action}_data")()), content_type=OrjsonRenderer.media_type)
