"""What PostgreSQL's refusals mean to a client: each named constraint answers with its field and its sentence."""

import re
from collections.abc import Iterable

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import DataError, IntegrityError, models
from psycopg import errors as sqlstates

from loctelli.errors import Conflict, DomainError, InvalidRequest, StillReferenced

# Columns that no client writes: the path of an error never names them.
UNWRITTEN = {"sub_account_id", "form_owner_id"}


def from_integrity_error(error: IntegrityError, *, deleting: bool) -> DomainError | None:
    """Return the client's error for a broken constraint.

    Row security hides the values from PostgreSQL's message, so the fields are found by the constraint's name.
    """
    cause = error.__cause__
    if not isinstance(cause, sqlstates.IntegrityError):
        return None
    table, name = cause.diag.table_name or "", cause.diag.constraint_name or ""
    match cause:
        case sqlstates.RestrictViolation():
            return StillReferenced(_still_needed(table))
        case sqlstates.ForeignKeyViolation():
            # Up to PostgreSQL 17 a RESTRICT is reported as this, too.
            if deleting or (cause.diag.message_primary or "").startswith("update or delete"):
                return StillReferenced(_still_needed(table))
            return _invalid(_columns(table, name), "does_not_exist", "There is no such thing to refer to.")
        case sqlstates.NotNullViolation():
            return InvalidRequest.at(cause.diag.column_name or "", "required", "This field is required.")
        case sqlstates.UniqueViolation():
            return _invalid(_columns(table, name), "unique", _sentence(table, name) or "This is already taken.")
        case sqlstates.ExclusionViolation():
            return Conflict(_sentence(table, name))
        case sqlstates.CheckViolation():
            return _invalid(_columns(table, name), "invalid", _sentence(table, name) or "This value is not allowed.")
        case _:
            return None


def from_data_error(error: DataError) -> DomainError:
    """Return the client's error for a value that a column can't hold."""
    return InvalidRequest.at("", "invalid", "A value is out of the range of what can be stored.")


def _invalid(columns: list[str], code: str, sentence: str) -> InvalidRequest:
    return InvalidRequest(errors=[{"path": path, "code": code, "detail": sentence} for path in columns or [""]])


def _still_needed(table: str) -> str:
    model = _model(table)
    things = str(model._meta.verbose_name_plural) if model else "other things"
    return f"This can't be deleted while {things} refer to it."


def _model(table: str) -> type[models.Model] | None:
    return next((model for model in apps.get_models() if model._meta.db_table == table), None)


def _constraint(table: str, name: str) -> models.BaseConstraint | None:
    model = _model(table)
    return next((found for found in model._meta.constraints if found.name == name), None) if model else None


def _sentence(table: str, name: str) -> str | None:
    constraint = _constraint(table, name)
    if constraint is None or constraint.violation_error_message == constraint.default_violation_error_message:
        return None
    return str(constraint.get_violation_error_message())


def _columns(table: str, name: str) -> list[str]:
    """Return the columns a constraint is about, as the API names them."""
    model = _model(table)
    if model is None:
        return []
    columns = [_column(model, field) for field in _fields(_constraint(table, name))]
    if not columns:
        # UNIQUE of one column and PostgreSQL's own names: <table>_<column>_key, <table>_<column>_fk, …
        named = (field.column for field in model._meta.local_fields)
        columns = [column for column in named if re.match(rf"{table}_{column}_[a-z0-9]+(_uniq)?$", name)][-1:]
    return [column for column in columns if column not in UNWRITTEN]


def _fields(constraint: models.BaseConstraint | None) -> Iterable[str]:
    match constraint:
        case models.UniqueConstraint():
            expressions = (source for item in constraint.expressions for source in item.flatten())
            return [*constraint.fields, *(item.name for item in expressions if isinstance(item, models.F))]
        case models.CheckConstraint():
            return sorted(getattr(constraint.condition, "referenced_base_fields", ()))
        case _:
            field = getattr(constraint, "field", None)
            return [field] if isinstance(field, str) else []


def _column(model: type[models.Model], name: str) -> str:
    try:
        return model._meta.get_field(name).attname
    except FieldDoesNotExist:
        return model._meta.pk.attname
