"""Querysets that are compiled to SQL once, and run prepared and binary: what is left of a read is the read."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models import Value
from django.db.models.base import ModelState
from psycopg.types.numeric import Int8

from loctelli.database.queries import Query

if TYPE_CHECKING:
    from loctelli.database.base import DatabaseWrapper


def this_wrapper() -> "DatabaseWrapper":
    """Return this thread's connection itself; Django's `connection` looks it up for each attribute."""
    return cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])


class Parameter(Value):
    """A named hole in a queryset, filled whenever its SQL is run."""

    def __init__(self, name: str, field: models.Field | None = None) -> None:
        super().__init__(None, output_field=field or models.BigIntegerField())
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]

    def resolve_expression(self, *args: Any, **kwargs: Any) -> "Parameter":
        return self


class Statement:
    """A queryset's SQL; runs any number of times, in any thread, each time with values for its parameters."""

    def __init__(self, queryset: models.QuerySet) -> None:
        self.sql, parameters = queryset.query.get_compiler(connection=connection).as_sql()
        self.parameters = tuple(parameters)

    def arguments(self, **values: Any) -> list[Any]:
        """Return what to run the SQL with; raise KeyError for a missing value."""
        return [
            argument(values[parameter.name]) if isinstance(parameter, Parameter) else parameter
            for parameter in self.parameters
        ]

    def query(self, **values: Any) -> Query:
        """Return the statement with these values, to be sent along with others."""
        return Query(self.sql, self.arguments(**values))

    def rows(self, **values: Any) -> list[tuple]:
        """Return the rows as PostgreSQL gives them, jsonb as `orjson.Fragment`."""
        return this_wrapper().fetch(self.sql, self.arguments(**values))


def run(queries: Sequence[Query]) -> None:
    """Run statements in one round trip; each has its rows then."""
    this_wrapper().send(queries)


class Count(Statement):
    """How many rows a queryset has, counted no further than to `at_most`."""

    def __init__(self, queryset: models.QuerySet, *, at_most: int) -> None:
        super().__init__(queryset.order_by().values("pk")[:at_most])
        self.sql = f"SELECT count(*) FROM ({self.sql}) AS counted"


def argument(value: Any) -> Any:
    # psycopg gives an integer the smallest type it fits, and a plan is kept for each type.
    return Int8(value) if type(value) is int else value


def in_part(model: type[models.Model], values: Mapping[str, Any]) -> Any:
    """Return a row of which these attributes were read; Django reads the rest when it is asked for.

    `from_db()` makes much of each attribute that is not there.
    """
    row = model.__new__(model)
    row.__dict__.update(values)
    row._state = ModelState()
    row._state.db, row._state.adding = DEFAULT_DB_ALIAS, False
    return row
