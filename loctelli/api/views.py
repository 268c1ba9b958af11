"""What every API view has in common: requests are checked before anything else happens."""

from rest_framework import exceptions, views

from loctelli.api import parameters
from loctelli.errors import DomainError


class LengthRequired(DomainError):
    code = "length_required"
    status = 411
    detail = "A body needs a Content-Length header."


class StrictRequestMixin:
    """Refuses methods, query strings and bodies that an endpoint does not take, before asking who is there."""

    # Names of the query parameters an endpoint takes.
    query_parameters: tuple[str, ...] = ()

    def get_query_parameters(self) -> set[str]:
        return set(self.query_parameters)

    def initial(self, request, *args, **kwargs) -> None:
        method = request.method.lower()
        if method not in self.http_method_names or not hasattr(self, method):
            raise exceptions.MethodNotAllowed(request.method)
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if method in ("post", "patch"):
            check_body(request)
        parameters.check(request, self.get_query_parameters())


def check_body(request) -> None:
    """Refuse a body that Django or Django REST framework would silently take for an empty one."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if "HTTP_TRANSFER_ENCODING" in request.META and not length:
        raise LengthRequired
    if length.strip("0") and not request.content_type:
        raise exceptions.UnsupportedMediaType("")


class APIView(StrictRequestMixin, views.APIView):
    """An endpoint that is no resource."""

    http_method_names = ["get", "post", "patch", "delete", "head"]
