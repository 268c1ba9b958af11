"""A row's INSERT as one prepared statement: Django compiles the same SQL anew for each."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.expressions import DatabaseDefault

from loctelli.database.compiled import argument

if TYPE_CHECKING:
    from loctelli.database.base import DatabaseWrapper


class PreparedInsertModel(models.Model):
    """A model whose single rows are inserted by a prepared statement, made once for each set of columns."""

    class Meta:
        abstract = True

    def _do_insert(self, manager: Any, using: str, fields: Any, returning_fields: Any, raw: bool) -> Any:
        """Insert the row; return the one row of what the database returns of it. Django's hook for `save()`."""
        # As Django's own way does, through the manager's queryset.
        getattr(manager, "require_scope", lambda: None)()
        if any(_needs_django(self.__dict__.get(field.attname)) for field in fields) or any(
            isinstance(field, models.JSONField) for field in returning_fields
        ):
            return super()._do_insert(manager, using, fields, returning_fields, raw)  # type: ignore[misc]
        wrapper = cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])
        values = [getattr(self, field.attname) if raw else field.pre_save(self, add=True) for field in fields]
        given = tuple(not isinstance(value, DatabaseDefault) for value in values)
        sql = _statement(type(self), tuple(fields), given, tuple(returning_fields))
        parameters = [
            argument(field.get_db_prep_save(value, wrapper))
            for field, value, is_given in zip(fields, values, given, strict=True)
            if is_given
        ]
        return wrapper.fetch(sql, parameters)


def _needs_django(value: Any) -> bool:
    """Whether a value is an expression that Django has to compile into the statement."""
    return hasattr(value, "resolve_expression") and not isinstance(value, DatabaseDefault)


@lru_cache(maxsize=1024)
def _statement(
    model: type[models.Model],
    fields: Sequence[models.Field],
    given: Sequence[bool],
    returning: Sequence[models.Field],
) -> str:
    wrapper = connections[DEFAULT_DB_ALIAS]
    quote = wrapper.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    values = ", ".join(
        _placeholder(field, wrapper) if is_given else "DEFAULT" for field, is_given in zip(fields, given, strict=True)
    )
    returned = ", ".join(quote(str(field.column)) for field in returning)
    return f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({values}) RETURNING {returned}"


def _placeholder(field: models.Field, wrapper: Any) -> str:
    return f"%s::{field.db_type(wrapper)}" if isinstance(field, ArrayField) else "%s"
