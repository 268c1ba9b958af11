"""What can be done with a resource, each action a mixin before `GenericViewSet`."""

from typing import Any

from django.db import models
from rest_framework import status
from rest_framework.response import Response

from loctelli.api.short_way import short
from loctelli.database.compiled import run
from loctelli.database.queries import Query


class ListMixin:
    """`GET /things/`: a page of rows."""

    def plan_list(self) -> list[Query]:
        return self.paginator.plan(self.request, self)

    def list_data(self) -> dict[str, Any]:
        return self.paginator.page()

    @short
    def list(self, request, *args, **kwargs) -> Response:
        run(self.plan_list())
        return Response(self.list_data())


class RetrieveMixin:
    """`GET /things/<id>/`: one row."""

    def plan_retrieve(self) -> list[Query]:
        self.asked = self.plan_read(self.get_key())
        return [self.asked]

    def retrieve_data(self) -> dict[str, Any]:
        return self.read(self.asked)

    @short
    def retrieve(self, request, *args, **kwargs) -> Response:
        run(self.plan_retrieve())
        return Response(self.retrieve_data())


class CreateMixin:
    """`POST /things/`: a new row."""

    def plan_create(self) -> list[Query]:
        return self.plan_references(self.serializer_of(self.body), self.body)

    @short
    def create(self, request, *args, **kwargs) -> Response:
        return Response(*self.do_create(request.data))

    def do_create(self, body: Any) -> tuple[dict[str, Any], int]:
        serializer = self.validated(body)
        serializer.is_last = self.is_answered_by_row
        return self.shown(self.perform_create(serializer)), status.HTTP_201_CREATED

    def perform_create(self, serializer) -> models.Model:
        return serializer.save()


class UpdateMixin:
    """`PATCH /things/<id>/`: the fields that are sent change, the others stay."""

    def plan_partial_update(self) -> list[Query]:
        return [*self.plan_references(self.serializer_of(self.body), self.body), self.plan_lock()]

    @short
    def partial_update(self, request, *args, **kwargs) -> Response:
        return Response(*self.do_partial_update(request.data))

    def do_partial_update(self, body: Any) -> tuple[dict[str, Any], int]:
        return self.shown(self.perform_update(self.validated(body, self.get_object()))), status.HTTP_200_OK

    def perform_update(self, serializer) -> models.Model:
        return serializer.save()


class DestroyMixin:
    """`DELETE /things/<id>/`: the row goes, with what PostgreSQL's foreign keys say goes along."""

    def plan_destroy(self) -> list[Query]:
        return [self.plan_lock()]

    @short
    def destroy(self, request, *args, **kwargs) -> Response:
        return Response(*self.do_destroy())

    def do_destroy(self) -> tuple[None, int]:
        self.perform_destroy(self.get_object())
        return None, status.HTTP_204_NO_CONTENT

    def perform_destroy(self, instance: models.Model) -> None:
        instance.delete()
