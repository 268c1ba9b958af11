"""A row's INSERT as one prepared statement that returns what was stored: Django compiles the same SQL anew for each."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.expressions import DatabaseDefault

from loctelli.database.compiled import argument

if TYPE_CHECKING:
    from loctelli.database.base import DatabaseWrapper


class PreparedInsertModel(models.Model):
    """A model whose single rows are inserted by a prepared statement, made once for each set of columns.

    `stored` is what the INSERT stored, by attribute, as PostgreSQL gave it: jsonb as `orjson.Fragment`, ciphertext as
    it is. It is None for what was read or has been saved again.
    """

    stored: Mapping[str, Any] | None = None

    class Meta:
        abstract = True

    def _do_insert(self, manager: Any, using: str, fields: Any, returning_fields: Any, raw: bool) -> Any:
        """Insert the row; return the one row of what the database returns of it. Django's hook for `save()`."""
        self.stored = None
        # As Django's own way does, through the manager's queryset.
        getattr(manager, "require_scope", lambda: None)()
        if any(isinstance(field, models.JSONField) for field in returning_fields):
            return super()._do_insert(manager, using, fields, returning_fields, raw)  # type: ignore[misc]
        values = [getattr(self, field.attname) if raw else field.pre_save(self, add=True) for field in fields]
        given = tuple([not isinstance(value, DatabaseDefault) for value in values])
        if [
            value for value in values if hasattr(value, "resolve_expression") and not isinstance(value, DatabaseDefault)
        ]:
            # An expression, which Django has to compile into the statement.
            return super()._do_insert(manager, using, fields, returning_fields, raw)  # type: ignore[misc]
        wrapper = cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])
        insert = _insert(type(self), len(fields), given)
        parameters = [
            None if value is None else argument(field.get_db_prep_save(value, wrapper))
            for field, value, is_given in zip(fields, values, given, strict=True)
            if is_given
        ]
        (row,) = wrapper.fetch(insert.sql, parameters)
        self.stored = dict(zip(insert.returned, row, strict=True))
        return [[self.stored[field.attname] for field in returning_fields]]

    def _do_update(self, *args: Any, **kwargs: Any) -> Any:
        self.stored = None
        return super()._do_update(*args, **kwargs)


def _is_expression(value: Any) -> bool:
    return hasattr(value, "resolve_expression")


class Insert(NamedTuple):
    """An INSERT, and the attributes of what it returns."""

    sql: str
    returned: Sequence[str]


@lru_cache(maxsize=1024)
def _insert(model: type[models.Model], number: int, given: Sequence[bool]) -> Insert:
    """Return the INSERT of so many columns of a model, its key left out where that makes itself."""
    wrapper = connections[DEFAULT_DB_ALIAS]
    quote = wrapper.ops.quote_name
    concrete = model._meta.local_concrete_fields
    fields = [field for field in concrete if not field.generated]
    if number < len(fields):
        fields = [field for field in fields if field is not model._meta.auto_field]
    columns = ", ".join(quote(str(field.column)) for field in fields)
    values = ", ".join(
        _placeholder(field, wrapper) if is_given else "DEFAULT" for field, is_given in zip(fields, given, strict=True)
    )
    # What is generated is worked out from the rest, and long.
    returned = [field for field in concrete if not field.generated or field.db_returning]
    names = ", ".join(quote(str(field.column)) for field in returned)
    sql = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({values}) RETURNING {names}"
    return Insert(sql, [field.attname for field in returned])


def _placeholder(field: models.Field, wrapper: Any) -> str:
    return f"%s::{field.db_type(wrapper)}" if isinstance(field, ArrayField) else "%s"
