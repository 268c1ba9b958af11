"""The base of viewsets of what belongs to a sub-account."""

from typing import Any

from django.db import models
from django.http import HttpResponse
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from loctelli.api.actions import CreateMixin, DestroyMixin, ListMixin, RetrieveMixin, UpdateMixin
from loctelli.api.errors import unframed
from loctelli.api.viewsets import GenericViewSet
from loctelli.database.compiled import Parameter, run
from loctelli.database.queries import Query
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

    @classmethod
    def rows_to_change(cls, model: type[models.Model]) -> models.QuerySet:
        manager = model._default_manager
        return manager.changeable_by(BOUND) if isinstance(manager, ScopedManager) else manager.all()

    # The sub-account that is planned for before its scope opens; None inside of it.
    sub_account_id: int | None = None

    def bind(self, sub_account_id: int) -> None:
        self.sub_account_id = sub_account_id

    def bound(self) -> dict[str, Any]:
        owner = self.sub_account_id or current_scope().sub_account_id
        if owner is None:
            raise TenantRequired("The API reads for one sub-account at a time.")
        return {BOUND.name: owner}

    # What claims the request's key, once it is run, and what it has claimed.
    attempted: idempotency.Attempt | None = None
    claim: idempotency.Claim | None = None

    def plan(self) -> list[Query]:
        queries = super().plan()
        if self.request.method not in SAFE_METHODS:
            request: Any = self.request
            self.attempted = idempotency.attempt(request, request.claims.user_id)
        # Before a row is locked, as on the long way: whoever waits for the key holds nothing that its holder waits for.
        return [self.attempted, *queries] if self.attempted else queries

    def claim_key(self) -> None:
        """Claim the request's key, if it has one; raise Replay when it was carried out before."""
        if self.attempted is None:
            request: Any = self.request
            self.attempted = idempotency.attempt(request, request.user.pk)
            if self.attempted is not None:
                run([self.attempted])
        self.claim = None if self.attempted is None else idempotency.claim(self.attempted)

    def write(self) -> HttpResponse:
        try:
            self.claim_key()
        except idempotency.Replay as replay:
            return unframed(replay.response)
        response = super().write()
        if self.claim is not None:
            self.claim.keep(response)
        return response

    @property
    def is_answered_by_row(self) -> bool:
        return self.claim is None and super().is_answered_by_row

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in SAFE_METHODS:
            self.claim_key()

    def handle_exception(self, exception: Exception) -> Response:
        if isinstance(exception, idempotency.Replay):
            return exception.response
        return super().handle_exception(exception)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.claim is not None and response.status_code < 400:
            response.add_post_render_callback(self.claim.keep)
        return response


class TenantReadOnlyViewSet(ListMixin, RetrieveMixin, TenantGenericViewSet):
    """A resource of a sub-account that its users only read."""


class TenantViewSet(CreateMixin, UpdateMixin, DestroyMixin, TenantReadOnlyViewSet):
    """A resource of a sub-account that its users list, read, make, change and delete."""
