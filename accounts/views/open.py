"""What the API's open doors have in common: those to sign in, register and get a new password."""

from typing import Any

from rest_framework.permissions import AllowAny

from loctelli.api.views import APIView
from security import throttling


class OpenView(APIView):
    """An endpoint that anybody may call."""

    authentication_classes: list = []
    permission_classes = [AllowAny]


def throttle_address(request: Any, name: str, rate: str) -> None:
    """Count a request of some kind from an address; raise Throttled when there were too many."""
    throttling.spend(name, f"{name}:address:{throttling.client_address(request)}", throttling.Rate.parse(rate))


def validated(serializer_class: type, request: Any, **options: Any) -> dict[str, Any]:
    """Return what a request's body says; raise ValidationError when it says something else."""
    serializer = serializer_class(data=request.data, **options)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
