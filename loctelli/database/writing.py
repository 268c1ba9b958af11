"""A row's INSERT or UPDATE as one prepared statement that returns what was stored, so that nobody has to read it again.

Django compiles the same SQL anew for each row; here it is made once for each set of columns.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import sql
from django.db.models.expressions import DatabaseDefault

from loctelli.database.compiled import Parameter, Statement, argument

if TYPE_CHECKING:
    from loctelli.database.base import DatabaseWrapper


class PreparedWritesModel(models.Model):
    """A model whose single rows are inserted and updated by prepared statements.

    `stored` is what the last of them stored, by attribute, as PostgreSQL gave it: jsonb as `orjson.Fragment`,
    ciphertext as it is. It is None for what was read, and for what Django has saved itself.
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
        if any(is_expression(value) and not isinstance(value, DatabaseDefault) for value in values):
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
        """Update the row; return whether it is there. Django's hook for `save()`."""
        self.stored = None
        _, _, key, values, *_ = args
        if not values or any(is_expression(value) for _, _, value in values):
            return super()._do_update(*args, **kwargs)
        wrapper = cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])
        model: type[models.Model] = self._meta.concrete_model  # type: ignore[assignment]
        owner = getattr(model._base_manager, "require_scope", lambda: None)()
        update = _update(model, tuple([field.attname for field, _, _ in values]), owner is not None)
        written = {
            _hole(field.attname): None if value is None else field.get_db_prep_save(value, wrapper)
            for field, _, value in values
        }
        pk = model._meta.pk.get_db_prep_save(key, wrapper)
        rows = update.rows(pk=pk, sub_account_id=owner, **written)
        self.stored = dict(zip(update.returned, rows[0], strict=True)) if rows else None
        return self.stored is not None

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        self.stored = None
        super().refresh_from_db(*args, **kwargs)


def is_expression(value: Any) -> bool:
    """Return whether Django has to compile a value into the statement."""
    return hasattr(value, "resolve_expression")


@lru_cache(maxsize=1024)
def stored_columns(model: type[models.Model]) -> list[models.Field]:
    """Return the columns of a row that are read along: what is generated is worked out from the rest, and long."""
    return [field for field in model._meta.local_concrete_fields if not field.generated or field.db_returning]


@lru_cache(maxsize=1024)
def _returned(model: type[models.Model]) -> tuple[list[str], str]:
    """Return the attributes of what a write returns, and their columns' names."""
    fields, quote = stored_columns(model), connections[DEFAULT_DB_ALIAS].ops.quote_name
    return [field.attname for field in fields], ", ".join(quote(str(field.column)) for field in fields)


class Insert(NamedTuple):
    """An INSERT, and the attributes of what it returns."""

    sql: str
    returned: Sequence[str]


@lru_cache(maxsize=1024)
def _insert(model: type[models.Model], number: int, given: Sequence[bool]) -> Insert:
    """Return the INSERT of so many columns of a model, its key left out where that makes itself."""
    wrapper = connections[DEFAULT_DB_ALIAS]
    quote = wrapper.ops.quote_name
    fields = [field for field in model._meta.local_concrete_fields if not field.generated]
    if number < len(fields):
        fields = [field for field in fields if field is not model._meta.auto_field]
    columns = ", ".join(quote(str(field.column)) for field in fields)
    values = ", ".join(
        _placeholder(field, wrapper) if is_given else "DEFAULT" for field, is_given in zip(fields, given, strict=True)
    )
    returned, names = _returned(model)
    text = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({values}) RETURNING {names}"
    return Insert(text, returned)


class Update(Statement):
    """An UPDATE of some columns of a row by `pk`, and the attributes of what it returns.

    Whoever is bound to a sub-account finds the rows that this may change.
    """

    def __init__(self, model: type[models.Model], attributes: Sequence[str], *, is_bound: bool) -> None:
        manager: Any = model._base_manager
        rows = manager.changeable_by(Parameter("sub_account_id")) if is_bound else manager.all()
        query = rows.filter(pk=Parameter("pk", model._meta.pk)).query.chain(sql.UpdateQuery)
        fields = [field for field in model._meta.local_concrete_fields if field.attname in attributes]
        query.add_update_fields([(field, None, Parameter(_hole(field.attname))) for field in fields])
        text, self.parameters = query.get_compiler(connection=connections[DEFAULT_DB_ALIAS]).as_sql()
        self.returned, names = _returned(model)
        self.sql = f"{text} RETURNING {names}"


@lru_cache(maxsize=1024)
def _update(model: type[models.Model], attributes: Sequence[str], is_bound: bool) -> Update:
    return Update(model, attributes, is_bound=is_bound)


def _hole(attribute: str) -> str:
    """Return the name of the parameter of a column's new value, which is no other parameter's."""
    return f"new {attribute}"


def _placeholder(field: models.Field, wrapper: Any) -> str:
    return f"%s::{field.db_type(wrapper)}" if isinstance(field, ArrayField) else "%s"
