"""A row's INSERT or UPDATE as one prepared statement that returns what was stored, so that nobody has to read it again.

Django compiles the same SQL anew for each row; here it is made once for each set of columns.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.models import signals, sql
from django.db.models.expressions import DatabaseDefault

from loctelli.database.compiled import Parameter, Statement, argument, in_part

if TYPE_CHECKING:
    from loctelli.database.base import DatabaseWrapper

TEXTS = (models.CharField, models.TextField)
SIGNALS = (signals.pre_init, signals.post_init, signals.pre_save, signals.post_save)


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
        given = {
            field: value for field, value in zip(fields, values, strict=True) if not isinstance(value, DatabaseDefault)
        }
        if not given or any(map(is_expression, given.values())):
            return super()._do_insert(manager, using, fields, returning_fields, raw)  # type: ignore[misc]
        self.stored = _insert(type(self), tuple(given)).store(list(given.values()))
        return [[self.stored[field.attname] for field in returning_fields]]

    @classmethod
    def insert(cls, **values: Any) -> Any:
        """Make a row of these fields, as `cls(**values).save(force_insert=True)` does, and return it.

        It goes by a plan that is made once for each set of fields; what there is no plan for goes Django's way, which
        looks anew for what there may be to do about each field.
        """
        plan = _creation(cls, tuple(values))
        if plan is None or not plan.takes(values) or any(signal.receivers for signal in SIGNALS):
            row = cls(**values)
            row.save(force_insert=True)
            return row
        getattr(cls._base_manager, "require_scope", lambda: None)()
        row = plan.create(values)
        row.on_insert()
        return row

    def on_insert(self) -> None:
        """Do what else there is to do for a row that `insert` has stored by its plan."""

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


class Insert:
    """An INSERT of some columns of a row; the others get the database's defaults."""

    def __init__(self, model: type[models.Model], fields: Sequence[Any]) -> None:
        wrapper = connections[DEFAULT_DB_ALIAS]
        quote = wrapper.ops.quote_name
        self.fields, self.kinds = fields, list(map(_kind, fields))
        columns = ", ".join(quote(field.column) for field in fields)
        values = ", ".join(_placeholder(field, wrapper) for field in fields)
        self.returned, names = _returned(model)
        self.sql = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({values}) RETURNING {names}"

    def store(self, values: Sequence[Any]) -> dict[str, Any]:
        """Insert a row of these values; return what was stored, by attribute."""
        wrapper = cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])
        parameters = [
            value if value is None or type(value) is kind else argument(field.get_db_prep_save(value, wrapper))
            for field, kind, value in zip(self.fields, self.kinds, values, strict=True)
        ]
        (row,) = wrapper.fetch(self.sql, parameters)
        return dict(zip(self.returned, row, strict=True))


@lru_cache(maxsize=1024)
def _insert(model: type[models.Model], fields: Sequence[models.Field]) -> Insert:
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
        self.insert = _insert(model, tuple(stored))
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

    def create(self, values: Mapping[str, Any]) -> Any:
        """Store a row of these values and return it."""
        attributes = {name: make() for name, make in self.made.items()} | self.constant
        attributes |= {field.attname: getattr(values[name], "pk", None) for name, field in self.references.items()}
        attributes |= {name: values[name] for name in self.values}
        with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
            stored = self.insert.store([attributes[name] for name in self.names])
        row = in_part(self.model, attributes | {name: stored[name] for name in self.left_out})
        for name, field in self.references.items():
            field.set_cached_value(row, values[name])
        row.stored = stored
        return row


@lru_cache(maxsize=4096)
def _creation(model: type[models.Model], names: Sequence[str]) -> Creation | None:
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


def _kind(field: models.Field) -> type | None:
    """Return the type whose values a column takes as they are; None where it makes something of each."""
    made = type(field).get_prep_value, type(field).get_db_prep_value, type(field).get_db_prep_save
    as_they_are = (models.Field.get_db_prep_value, models.Field.get_db_prep_save)
    return next((str for text in TEXTS if made == (text.get_prep_value, *as_they_are)), None)


def _placeholder(field: models.Field, wrapper: Any) -> str:
    return f"%s::{field.db_type(wrapper)}" if isinstance(field, ArrayField) else "%s"
