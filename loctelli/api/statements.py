"""The SQL of resources: the same for every request that asks for the same, whoever asks, so it is made once."""

from functools import lru_cache
from typing import TYPE_CHECKING

from django.db import models

from loctelli.api.pagination import Ordering, Way
from loctelli.api.reading import Reading
from loctelli.api.selection import Selection
from loctelli.database.compiled import Parameter, Statement

if TYPE_CHECKING:
    from loctelli.api.viewsets import GenericViewSet

REFERENCE_COLUMNS = ("sub_account", "is_active")


@lru_cache(maxsize=1024)
def reading(view: "type[GenericViewSet]", selection: Selection) -> Reading:
    """Return how a resource reads a selection."""
    return Reading(selection, view.rows_of)


@lru_cache(maxsize=1024)
def detail(view: "type[GenericViewSet]", selection: Selection) -> Statement:
    """Return what reads one row of a resource, by `pk`."""
    rows = view.rows_of(selection.model).filter(pk=Parameter("pk", selection.model._meta.pk))
    return Statement(reading(view, selection).of(rows))


@lru_cache(maxsize=1024)
def page(
    view: "type[GenericViewSet]", selection: Selection, ordering: Ordering, way: Way | None, size: int
) -> Statement:
    """Return what reads a page of all rows of a resource."""
    return of_page(view, selection, view.rows_of(selection.model), ordering, way, size)


def of_page(
    view: "type[GenericViewSet]",
    selection: Selection,
    rows: models.QuerySet,
    ordering: Ordering,
    way: Way | None,
    size: int,
) -> Statement:
    """Return what reads a page of some rows of a resource, with the columns of the order behind the others."""
    return Statement(reading(view, selection).of(ordering.apply(rows, way)[:size], also=ordering.names))


@lru_cache(maxsize=1024)
def reference(view: "type[GenericViewSet]", model: type[models.Model]) -> tuple[list[str], Statement]:
    """Return what reads a row that somebody refers to, by `pk`: that it is there, whose, and whether it is active."""
    columns = [field for field in model._meta.concrete_fields if field.primary_key or field.name in REFERENCE_COLUMNS]
    rows = view.rows_of(model).filter(pk=Parameter("pk", model._meta.pk))
    names = [field.attname for field in columns]
    return names, Statement(rows.values_list(*names))
