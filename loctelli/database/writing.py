"""A row's INSERT or UPDATE as one prepared statement that returns what was stored, so that nobody has to read it again.

Django compiles the same SQL anew for each row; here it is made once for each set of columns.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import signals, sql
from django.db.models.expressions import DatabaseDefault

from loctelli.database.compiled import Parameter, Statement, this_wrapper
from loctelli.database.creating import (
    Creation,
    LastInsert,
    creation_of,
    insert_of,
    is_expression,
    returned_columns,
)

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
        self.stored = insert_of(type(self), tuple(given)).store(list(given.values()))
        return [[self.stored[field.attname] for field in returning_fields]]

    @classmethod
    def insert(cls, **values: Any) -> Any:
        """Make a row of these fields, as `cls(**values).save(force_insert=True)` does, and return it.

        It goes by a plan that is made once for each set of fields; what there is no plan for goes Django's way, which
        looks anew for what there may be to do about each field.
        """
        plan = cls._plan_of(values)
        if plan is None:
            row = cls(**values)
            row.save(force_insert=True)
            return row
        row = plan.create(values)
        row.on_insert()
        return row

    @classmethod
    def insert_last(cls, **values: Any) -> Any:
        """Make a row as `insert` does, which is the last that is asked in its transaction, and return it.

        The transaction ends along with it, in the same round trip, where all there is to do is known beforehand and
        nothing stands around the transaction. Raises what `insert` does, and what COMMIT does.
        """
        plan = cls._plan_of(values) if this_wrapper().can_end else None
        last = None if plan is None else cls.last_insert(plan)
        return cls.insert(**values) if plan is None or last is None else plan.create(values, last)

    @classmethod
    def _plan_of(cls, values: Mapping[str, Any]) -> Creation | None:
        """Return the plan by which a row of these values is made, None where there is none."""
        plan = creation_of(cls, tuple(values))
        if plan is None or not plan.takes(values) or any(signal.receivers for signal in SIGNALS):
            return None
        getattr(cls._base_manager, "require_scope", lambda: None)()
        return plan

    def on_insert(self) -> None:
        """Do what else there is to do for a row that `insert` has stored by its plan."""

    @classmethod
    def last_insert(cls, creation: Creation) -> LastInsert | None:
        """Return what does the same as `on_insert` in the INSERT itself; None where that takes the stored row."""
        return LastInsert(creation)

    def _do_update(self, *args: Any, **kwargs: Any) -> Any:
        """Update the row; return whether it is there. Django's hook for `save()`."""
        self.stored = None
        _, _, key, values, *_ = args
        if not values or any(is_expression(value) for _, _, value in values):
            return super()._do_update(*args, **kwargs)
        wrapper = this_wrapper()
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
        self.returned, names = returned_columns(model)
        self.sql = f"{text} RETURNING {names}"


@lru_cache(maxsize=1024)
def _update(model: type[models.Model], attributes: Sequence[str], is_bound: bool) -> Update:
    return Update(model, attributes, is_bound=is_bound)


def _hole(attribute: str) -> str:
    """Return the name of the parameter of a column's new value, which is no other parameter's."""
    return f"new {attribute}"
