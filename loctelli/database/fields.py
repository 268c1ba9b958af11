"""Columns as the document has them: unlimited text, cuid keys, and references that PostgreSQL itself enforces."""

import secrets
import string
import time
import unicodedata
from collections.abc import Callable
from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

BASE36 = string.digits + string.ascii_lowercase


def cuid() -> str:
    """Return a new key in cuid form: "c", eight base-36 digits of the time in ms, sixteen random ones.

    Sorts roughly by time of creation. The 16 random digits (82 bits) stand for cuid's counter, fingerprint and random.
    """
    milliseconds, digits = time.time_ns() // 1_000_000, ""
    while milliseconds:
        milliseconds, digit = divmod(milliseconds, 36)
        digits = BASE36[digit] + digits
    return f"c{digits:0>8}" + "".join(secrets.choice(BASE36) for _ in range(16))


class StringField(models.CharField):
    """The document's `String`: one line to a person, `text` without a limit to PostgreSQL."""

    def db_type(self, connection: Any) -> str:
        return "text"


class EmailField(models.EmailField):
    """An e-mail address in a `text` column."""

    def db_type(self, connection: Any) -> str:
        return "text"


def normalize_email(email: str) -> str:
    """Return the one form of an account's address: NFKC, trimmed, lower case, so that spellings don't make accounts."""
    return unicodedata.normalize("NFKC", email).strip().lower()


class AccountEmailField(EmailField):
    """The address an account is known by: stored and looked up in its one normal form."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value if value is None else normalize_email(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = normalize_email(value)
            setattr(model_instance, self.attname, value)
        return value


class CuidField(StringField):
    """A cuid primary key, made in Python."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"primary_key": True, "default": cuid, "editable": False, **kwargs})


class JSONField(models.JSONField):
    """A jsonb column whose contents have a shape (loctelli.shapes), which migrations leave out."""

    # An empty object or list is something.
    empty_values = [None, ""]

    def __init__(self, *args: Any, shape: Any = None, **kwargs: Any) -> None:
        self.shape = shape
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


class UpdatedAtField(models.DateTimeField):
    """When a row was last written: by the database on INSERT, so that it equals `created_at`; by Django on UPDATE."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"db_default": Now(), "editable": False, **kwargs})

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if add:
            value = super().pre_save(model_instance, add)
            return self.get_default() if value is None else value
        now = timezone.now()
        setattr(model_instance, self.attname, now)
        return now


class ForeignKey(models.ForeignKey):
    """A reference whose constraint and ON DELETE are PostgreSQL's work.

    `on_delete` (CASCADE, RESTRICT or SET_NULL) becomes a `tenants.constraints.Reference`; Django's own constraint is
    off and its collector loads no children. No index is made: each one is declared in `Meta` with the query it serves.
    """

    def __init__(self, to: Any, on_delete: Callable[..., Any], **kwargs: Any) -> None:
        if on_delete not in (models.CASCADE, models.RESTRICT, models.SET_NULL):
            raise ValueError("on_delete must be CASCADE, RESTRICT or SET_NULL: PostgreSQL carries it out.")
        self.database_on_delete = on_delete
        kwargs = {"db_index": False, **kwargs, "db_constraint": False}
        super().__init__(to, models.DO_NOTHING, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs["on_delete"] = self.database_on_delete
        kwargs.pop("db_constraint", None)
        if self.db_index:  # type: ignore[attr-defined]
            kwargs["db_index"] = True
        else:
            kwargs.pop("db_index", None)
        return name, path, args, kwargs
