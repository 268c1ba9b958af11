"""The SQL of resources: the same for every request that asks for the same, whoever asks, so it is made once."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import F
from django.db.models.functions import Cast

from loctelli.api.pagination import Ordering, Way
from loctelli.api.reading import Reading
from loctelli.api.selection import Selection
from loctelli.database.compiled import Parameter, Statement
from loctelli.database.creating import stored_columns

if TYPE_CHECKING:
    from loctelli.api.viewsets import GenericViewSet

# Lookups whose SQL depends on nothing but how many values there are, or whether null is asked for.
COMPARED = {"exact", "in", "gte", "gt", "lte", "lt", "isnull"}
# Of each filter its column, its lookup, and how many values it has, or whether null is asked for.
Shape = tuple[tuple[str, str, Any], ...]
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


def shape_of(conditions: Mapping[str, Any]) -> tuple[Shape | None, dict[str, Any]]:
    """Return what of filters their SQL depends on, and what fills its holes; None for filters of other kinds."""
    shape, values = [], {}
    for lookup, value in conditions.items():
        column, _, kind = lookup.rpartition("__")
        if "__" in column or kind not in COMPARED:
            return None, {}
        if kind == "isnull":
            shape.append((column, kind, value))
        elif kind == "in":
            shape.append((column, kind, len(value)))
            values |= {f"{lookup}_{number}": one for number, one in enumerate(value)}
        else:
            shape.append((column, kind, 1))
            values[lookup] = value
    return tuple(shape), values


def filtered(rows: models.QuerySet, shape: Shape) -> models.QuerySet:
    """Return the rows that fit filters of a shape, whose values are holes."""
    for column, kind, known in shape:
        lookup, field = f"{column}__{kind}", rows.model._meta.get_field(column)
        if isinstance(field, models.ForeignKey):
            field = field.target_field
        fitting: Any = known
        if kind == "in":
            fitting = [Parameter(f"{lookup}_{number}", field) for number in range(known)]
        elif kind != "isnull":
            fitting = Parameter(lookup, field)
        rows = rows.filter(**{lookup: fitting})
    return rows


@lru_cache(maxsize=1024)
def filtered_page(
    view: "type[GenericViewSet]", selection: Selection, shape: Shape, ordering: Ordering, way: Way | None, size: int
) -> Statement:
    """Return what reads a page of the rows of a resource that fit filters of a shape."""
    return of_page(view, selection, filtered(view.rows_of(selection.model), shape), ordering, way, size)


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


class Lock(Statement):
    """Reads a row of a resource whole, by `pk`, and locks it against all writes until the transaction ends."""

    def __init__(self, view: "type[GenericViewSet]") -> None:
        self.model = view.serializer_class.Meta.model
        columns = stored_columns(self.model)
        self.names = [field.attname for field in columns]
        self.loaders = [(place, load) for place, field in enumerate(columns) if (load := _loader(field)) is not None]
        rows = view.rows_to_change(self.model).filter(pk=Parameter("pk", self.model._meta.pk))
        # JSON as text, which Django takes apart.
        asked = [
            Cast(field.name, models.TextField()) if isinstance(field, models.JSONField) else F(field.name)
            for field in columns
        ]
        super().__init__(rows.order_by().values_list(*asked))
        # By hand: Django compiles select_for_update() within a transaction only.
        self.sql = f"{self.sql} FOR NO KEY UPDATE"

    def instance(self, row: Sequence[Any]) -> models.Model:
        """Return what Django makes of such a row."""
        values = list(row)
        for place, load in self.loaders:
            if values[place] is not None:
                values[place] = load(values[place])
        return self.model.from_db(DEFAULT_DB_ALIAS, self.names, values)


@lru_cache(maxsize=1024)
def lock(view: "type[GenericViewSet]") -> Lock:
    """Return what reads and locks a row of a resource, to write it."""
    return Lock(view)


def _loader(field: models.Field) -> Callable[[Any], Any] | None:
    """Return what makes a column's value, as PostgreSQL gives it in binary, what Django has it as; None for nothing."""
    from_db = getattr(field, "from_db_value", None)
    if isinstance(field, models.GenericIPAddressField):
        return str
    return None if from_db is None else lambda value: from_db(value, None, connections[DEFAULT_DB_ALIAS])
