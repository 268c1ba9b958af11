"""The base of viewsets of what belongs to a sub-account."""

from typing import Any

from django.db import models
from django.http import HttpResponse
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from loctelli.api.errors import unframed
from loctelli.api.viewsets import (
    CreateMixin,
    DestroyMixin,
    GenericViewSet,
    ListMixin,
    RetrieveMixin,
    UpdateMixin,
)
from loctelli.database.compiled import Parameter
from tenants import idempotency
from tenants.managers import ScopedManager
from tenants.scope import TenantRequired, current_scope

# Whose rows a statement reads, which is known when it is run.
BOUND = Parameter("sub_account_id")


class TenantGenericViewSet(GenericViewSet):
    """The base of every resource of a sub-account; writes take an `Idempotency-Key`.

    Which rows there are is the business of the model's manager: subclasses don't write `get_queryset`.
    """

    idempotent = True

    @classmethod
    def rows_of(cls, model: type[models.Model]) -> models.QuerySet:
        manager = model._default_manager
        return manager.of(BOUND) if isinstance(manager, ScopedManager) else manager.all()

    # The sub-account that is planned for before its scope opens; None inside of it.
    sub_account_id: int | None = None

    def bind(self, sub_account_id: int) -> None:
        self.sub_account_id = sub_account_id

    def bound(self) -> dict[str, Any]:
        owner = self.sub_account_id or current_scope().sub_account_id
        if owner is None:
            raise TenantRequired("The API reads for one sub-account at a time.")
        return {BOUND.name: owner}

    def write(self) -> HttpResponse:
        try:
            claim = idempotency.claim(self.request)
        except idempotency.Replay as replay:
            return unframed(replay.response)
        response = super().write()
        if claim is not None:
            claim.keep(response)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.claim = None
        if request.method not in SAFE_METHODS:
            self.claim = idempotency.claim(request)

    def handle_exception(self, exception: Exception) -> Response:
        if isinstance(exception, idempotency.Replay):
            return exception.response
        return super().handle_exception(exception)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        claim = getattr(self, "claim", None)
        if claim is not None and response.status_code < 400:
            response.add_post_render_callback(claim.keep)
        return response


class TenantReadOnlyViewSet(ListMixin, RetrieveMixin, TenantGenericViewSet):
    """A resource of a sub-account that its users only read."""


class TenantViewSet(CreateMixin, UpdateMixin, DestroyMixin, TenantReadOnlyViewSet):
    """A resource of a sub-account that its users list, read, make, change and delete."""
