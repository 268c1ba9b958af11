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
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            raise LengthRequired
        if request.META.get("CONTENT_LENGTH", "0").strip("0") and not request.content_type:
            # Without a type Django REST framework would take the body for an empty one.
            raise exceptions.UnsupportedMediaType("")
        parameters.check(request, self.get_query_parameters())


class APIView(StrictRequestMixin, views.APIView):
    """An endpoint that is no resource."""

    http_method_names = ["get", "post", "patch", "delete", "head"]
