"""How new rows are made: an INSERT compiled once for each set of columns, which returns what was stored."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction

from loctelli.database.compiled import argument, in_part, this_wrapper
from loctelli.database.queries import Query

TEXTS = (models.CharField, models.TextField)


def is_expression(value: Any) -> bool:
    """Return whether Django has to compile a value into the statement."""
    return hasattr(value, "resolve_expression")


@lru_cache(maxsize=1024)
def stored_columns(model: type[models.Model]) -> list[models.Field]:
    """Return the columns of a row that are read along: what is generated is worked out from the rest, and long."""
    return [field for field in model._meta.local_concrete_fields if not field.generated or field.db_returning]


@lru_cache(maxsize=1024)
def returned_columns(model: type[models.Model]) -> tuple[list[str], str]:
    """Return the attributes of what a write returns, and their columns' names."""
    fields, quote = stored_columns(model), connections[DEFAULT_DB_ALIAS].ops.quote_name
    return [field.attname for field in fields], ", ".join(quote(str(field.column)) for field in fields)


class Insert:
    """An INSERT of some columns of a row; the others get the database's defaults."""

    def __init__(self, model: type[models.Model], fields: Sequence[Any]) -> None:
        wrapper = connections[DEFAULT_DB_ALIAS]
        quote = wrapper.ops.quote_name
        self.fields, self.kinds = fields, list(map(_kind, fields))
        columns = ", ".join(quote(field.column) for field in fields)
        values = ", ".join(_placeholder(field, wrapper) for field in fields)
        self.returned, names = returned_columns(model)
        self.sql = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({values}) RETURNING {names}"

    def store(self, values: Sequence[Any]) -> dict[str, Any]:
        """Insert a row of these values; return what was stored, by attribute."""
        (row,) = this_wrapper().fetch(self.sql, self.parameters(values))
        return self.stored(row)

    def parameters(self, values: Sequence[Any]) -> list[Any]:
        """Return what the statement takes for a row of these values."""
        wrapper = this_wrapper()
        return [
            value if value is None or type(value) is kind else argument(field.get_db_prep_save(value, wrapper))
            for field, kind, value in zip(self.fields, self.kinds, values, strict=True)
        ]

    def stored(self, row: Sequence[Any]) -> dict[str, Any]:
        """Return what was stored, by attribute, as the statement returned it."""
        return dict(zip(self.returned, row, strict=True))


@lru_cache(maxsize=1024)
def insert_of(model: type[models.Model], fields: Sequence[models.Field]) -> Insert:
    return Insert(model, fields)


class Creation:
    """How rows of a model are made of which these fields are given.

    The statement depends on nothing but which of the columns that the database has defaults for are given.
    """

    def __init__(self, model: type[models.Model], given: Mapping[str, Any]) -> None:
        columns = stored_columns(model)
        self.model, self.given = model, given
        self.references = {name: field for name, field in given.items() if name != field.attname}
        self.values = [name for name in given if name not in self.references]
        self.defaults = [
            field
            for field in columns
            if field not in given.values()
            and (field.has_default() or not (field.has_db_default() or field.generated or field.primary_key))
        ]
        made = [field for field in self.defaults if field.has_default() and callable(field.default)]
        self.made = {field.attname: field.get_default for field in made}
        self.constant = {field.attname: field.get_default() for field in self.defaults if field not in made}
        stored = [field for field in columns if field in given.values() or field in self.defaults]
        self.insert = insert_of(model, tuple(stored))
        self.names = [field.attname for field in stored]
        self.left_out = [field.attname for field in columns if field not in stored]

    @property
    def is_plain(self) -> bool:
        """Whether all there is to do about the fields is to store them."""
        stored = [*self.given.values(), *(field for field in self.defaults if field.has_default())]
        return all(map(_is_stored_as_it_is, stored)) and not any(
            getattr(field, "auto_now", False)
            or getattr(field, "auto_now_add", False)
            or (field.attname in self.left_out and isinstance(field, models.JSONField))
            for field in stored_columns(self.model)
        )

    def takes(self, values: Mapping[str, Any]) -> bool:
        """Return whether these are values by themselves, and rows that are stored to refer to."""
        return all(
            row is None or (isinstance(row, field.remote_field.model) and row.pk is not None)
            for row, field in ((values[name], field) for name, field in self.references.items())
        ) and not any(is_expression(values[name]) for name in self.values)

    def create(self, values: Mapping[str, Any], last: "LastInsert | None" = None) -> Any:
        """Store a row of these values and return it; by `last`, as the last thing its transaction does."""
        attributes = {name: make() for name, make in self.made.items()} | self.constant
        attributes |= {field.attname: getattr(values[name], "pk", None) for name, field in self.references.items()}
        attributes |= {name: values[name] for name in self.values}
        with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
            written = [attributes[name] for name in self.names]
            stored = self.insert.store(written) if last is None else last.store(written)
        row = in_part(self.model, attributes | {name: stored[name] for name in self.left_out})
        for name, field in self.references.items():
            field.set_cached_value(row, values[name])
        row.stored = stored
        return row


class LastInsert:
    """An INSERT that is the last of its transaction; a subclass has more to do in the same statement."""

    def __init__(self, creation: Creation) -> None:
        self.insert = creation.insert
        self.sql = creation.insert.sql

    def parameters(self, values: Sequence[Any]) -> list[Any]:
        """Return what the statement takes for a row of these values."""
        return self.insert.parameters(values)

    def store(self, values: Sequence[Any]) -> dict[str, Any]:
        """Insert a row of these values and end the transaction; return what was stored, by attribute."""
        query = Query(self.sql, self.parameters(values))
        this_wrapper().send_last(query)
        return self.insert.stored(query.rows[0])


@lru_cache(maxsize=4096)
def creation_of(model: type[models.Model], names: Sequence[str]) -> Creation | None:
    """Return how rows are made of which these fields are given; None where that takes more than storing them."""
    fields = {name: field for field in stored_columns(model) for name in (field.name, field.attname)}
    if not fields.keys() >= set(names) or model._meta.parents or not _is_saved_plainly(model):
        return None
    creation = Creation(model, {name: fields[name] for name in names})
    return creation if creation.names and creation.is_plain else None


def _is_saved_plainly(model: type[models.Model]) -> bool:
    """Return whether a model leaves it to its bases to make and to save a row."""
    return all(
        getattr(model, name).__module__ in ("django.db.models.base", "loctelli.database.models")
        for name in ("__init__", "save", "save_base")
    )


def _is_stored_as_it_is(field: Any) -> bool:
    """Return whether a field leaves a value that is to be stored, and the row, as they are."""
    return not field.one_to_one and type(field).pre_save in (models.Field.pre_save, models.DateTimeField.pre_save)


def _kind(field: models.Field) -> type | None:
    """Return the type whose values a column takes as they are; None where it makes something of each."""
    made = type(field).get_prep_value, type(field).get_db_prep_value, type(field).get_db_prep_save
    as_they_are = (models.Field.get_db_prep_value, models.Field.get_db_prep_save)
    return next((str for text in TEXTS if made == (text.get_prep_value, *as_they_are)), None)


def _placeholder(field: models.Field, wrapper: Any) -> str:
    return f"%s::{field.db_type(wrapper)}" if isinstance(field, ArrayField) else "%s"
