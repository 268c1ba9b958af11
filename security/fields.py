"""Model fields whose column holds ciphertext and whose attribute is plaintext.

`lead.last_message` reads and writes plaintext. Beside it `lead.sealed_last_message` (the field's `attname`, as
`lead.strategy_id` is to `lead.strategy`) is what the column holds, and what Django itself reads to save, compare,
serialize and bulk-update. `.values()` gives the stored form, a `Sealed`, which `field.unseal()` opens.
"""

import json
from collections.abc import Sequence
from types import MethodType
from typing import Any

from django.core.exceptions import FieldError
from django.db import connections, models, router
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import class_prepared
from django.dispatch import receiver

from security import integrity
from security.encryption import PREFIX, DecryptionFailed, EncryptionError, seal, unseal
from security.keys import Unreadable
from tenants.scope import current_scope

SEALED_PATTERN = f"^{PREFIX}"


class PlaintextRefused(EncryptionError):
    """Plaintext was on its way into a column that holds ciphertext only."""


class SealedElsewhere(DecryptionFailed):
    """A row's key or sub-account was changed while its ciphertext was still the old row's."""


class Sealed(str):
    """A ciphertext as it is stored."""

    __slots__ = ()


class PlaintextAttribute:
    """`instance.<name>`: plaintext, decrypted when it is first asked for."""

    def __init__(self, field: "EncryptedField") -> None:
        self.field = field

    def __get__(self, instance, cls=None):
        if instance is None:
            return self
        if self.field.attname not in instance.__dict__:
            getattr(instance, self.field.attname)  # deferred: Django loads it
        value = instance.__dict__[self.field.attname]
        if isinstance(value, Sealed):
            value = self.field.open(value, sub_account_id=tenant_of(instance), row_id=instance.pk)
            # Kept open, so that a list or an object that is changed in place is saved as changed.
            instance.__dict__[self.field.attname] = value
        return value

    def __set__(self, instance, value) -> None:
        instance.__dict__[self.field.attname] = value


class SealedAttribute(DeferredAttribute):
    """`instance.sealed_<name>`: what the column holds, encrypted when it is asked for once the row has its key."""

    def __get__(self, instance, cls=None):
        value = super().__get__(instance, cls)
        if instance is not None and self.field.is_plaintext(value) and instance.pk is not None:
            value = self.field.seal(value, sub_account_id=tenant_of(instance), row_id=instance.pk)
            instance.__dict__[self.field.attname] = value
        return value

    def __set__(self, instance, value) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedField(models.Field):
    """What both kinds of encrypted field do; a subclass says how a value becomes text and text a value."""

    descriptor_class = SealedAttribute

    def dumps(self, value: Any) -> str:
        """Return the value as the text to encrypt."""
        raise NotImplementedError

    def loads(self, text: str) -> Any:
        """Return the value that the decrypted text stands for."""
        raise NotImplementedError

    def seal(self, value: Any, *, sub_account_id: int, row_id: int | str) -> Sealed:
        """Return the stored form of a value for this column of one row."""
        return Sealed(seal(self.dumps(value), **self._place(sub_account_id, row_id)))

    def unseal(self, stored: str | None, *, sub_account_id: int, row_id: int | str) -> Any:
        """Return the value of a stored form, as `.values()` gives it; None stays None."""
        if stored is None:
            return None
        table = self.model._meta.db_table
        return self.loads(unseal(stored, sub_account_id=sub_account_id, table=table, column=self.column, row_id=row_id))

    def open(self, stored: str, *, sub_account_id: int, row_id: int | str) -> Any:
        """Return the value of a stored form for somebody to see; one that doesn't decrypt is an incident."""
        try:
            return self.unseal(stored, sub_account_id=sub_account_id, row_id=row_id)
        except Unreadable as error:
            integrity.report(error, **self._place(sub_account_id, row_id))
            raise

    def holds(self, instance: models.Model, stored: str | None) -> bool:
        """Return whether a row's value, opened or not, is what a stored form stands for: each sealing is another."""
        value = instance.__dict__.get(self.attname)
        if stored is None or not self.is_plaintext(value):
            return value == stored
        try:
            return self.unseal(stored, sub_account_id=tenant_of(instance), row_id=instance.pk) == value
        except DecryptionFailed:
            return False

    def _place(self, sub_account_id: int, row_id: int | str) -> dict[str, Any]:
        table = self.model._meta.db_table
        return {"sub_account_id": sub_account_id, "table": table, "column": self.column, "row_id": row_id}

    @staticmethod
    def is_plaintext(value: Any) -> bool:
        """Return whether a value still has to be encrypted: it is no ciphertext, no NULL and no expression."""
        return value is not None and not isinstance(value, Sealed) and not hasattr(value, "resolve_expression")

    def get_attname(self) -> str:
        return f"sealed_{self.name}"

    def get_attname_column(self) -> tuple[str, str]:
        return self.get_attname(), self.db_column or self.name

    def contribute_to_class(self, cls, name, **kwargs) -> None:
        super().contribute_to_class(cls, name, **kwargs)
        setattr(cls, name, PlaintextAttribute(self))

    def pre_save(self, model_instance, add):
        """Return the ciphertext for the row; refuse one that was loaded from, and still belongs to, another row."""
        value = getattr(model_instance, self.attname)
        if isinstance(value, Sealed):
            place = {"sub_account_id": tenant_of(model_instance), "row_id": model_instance.pk}
            try:
                with integrity.reporting(**place, table=self.model._meta.db_table, column=self.column):
                    self.unseal(value, **place)
            except DecryptionFailed as error:
                raise SealedElsewhere(
                    f"{self.model._meta.label}.{self.name} was encrypted for another row: "
                    "read it before changing the row's key or sub-account."
                ) from error
        return value

    def from_db_value(self, value, expression, connection):
        return value if value is None else Sealed(value)

    def get_db_prep_value(self, value, connection, prepared=False):
        """Let ciphertext pass and nothing else; an expression that computes plaintext meets the CHECK constraint."""
        if value is None or hasattr(value, "as_sql"):
            return value
        if not isinstance(value, Sealed):
            raise PlaintextRefused(
                f"{self.model._meta.label}.{self.name} is written through an instance, which encrypts it."
            )
        return self.adapt(value, connection)

    def adapt(self, stored: Sealed, connection) -> Any:
        """Return the stored form as the driver wants it."""
        return str(stored)

    def get_lookup(self, lookup_name):
        """Offer `isnull` alone: nothing else can be asked of a ciphertext."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def get_transform(self, lookup_name) -> None:
        """Offer no transform either."""

    def formfield(self, **kwargs) -> None:
        """Give forms no field: one that takes a secret declares a write-only field of its own."""


class EncryptedTextField(EncryptedField, models.TextField):
    """Text that is encrypted in its column."""

    def dumps(self, value: str) -> str:
        return str(value)

    def loads(self, text: str) -> str:
        return text


class EncryptedJSONField(EncryptedField, models.JSONField):
    """JSON that is encrypted as a whole: its jsonb column holds one string."""

    def dumps(self, value: Any) -> str:
        return json.dumps(value, cls=self.encoder, ensure_ascii=False)

    def loads(self, text: str) -> Any:
        return json.loads(text, cls=self.decoder)

    def from_db_value(self, value, expression, connection):
        # Whatever isn't a JSON string is no ciphertext, and is refused as such when it is opened.
        stored = json.loads(value) if isinstance(value, str) else value
        return stored if stored is None else Sealed(stored)

    def adapt(self, stored: Sealed, connection) -> Any:
        return connection.ops.adapt_json_value(str(stored), None)


class IsSealed(models.Func):
    """Whether an encrypted column holds ciphertext: what its CHECK constraint asks."""

    output_field = models.BooleanField()

    def resolve_expression(self, *args, **kwargs):
        resolved = super().resolve_expression(*args, **kwargs)
        if isinstance(resolved.source_expressions[0], models.Value):
            # An instance's validation: it is encrypted only on its way to the database, which asks again.
            raise FieldError("Only a stored column can be asked whether it is sealed.")
        return resolved

    def as_sql(self, compiler, connection, **extra):
        is_json = isinstance(self.source_expressions[0].output_field, models.JSONField)
        template = f"(%(expressions)s {'#>> ARRAY[]::text[] ' if is_json else ''}~ '{SEALED_PATTERN}')"
        return super().as_sql(compiler, connection, template=template, **extra)


def sealed(name: str) -> IsSealed:
    """Return the condition of a CheckConstraint on the encrypted field; NULL passes it, as it does any CHECK."""
    return IsSealed(models.F(name))


def tenant_of(instance: Any) -> int:
    """Return the sub-account a row belongs to, or will by the database's default: the bound one."""
    scope = current_scope()
    stamped = instance.__dict__.get("sub_account_id")
    if stamped is None and "sub_account_id" not in instance.__dict__ and scope.is_system:
        stamped = instance.sub_account_id  # deferred: Django loads it
    if isinstance(stamped, int):
        return stamped
    if scope.sub_account_id is None:
        raise EncryptionError(f"In the system scope a {instance._meta.label} needs its sub_account before encryption.")
    return scope.sub_account_id


def assign_row_id(instance: models.Model) -> int | str:
    """Give a new row its key before it is inserted, so that ciphertext can be bound to it; return the key."""
    if instance.pk is None:
        instance.pk = _next_row_id(instance)
    return instance.pk


def assign_row_ids(instances: Sequence[models.Model]) -> None:
    """Give new rows of one model their numbered keys in one statement, for a `bulk_create()` that encrypts."""
    if instances:
        for instance, key in zip(instances, _next_row_ids(instances[0], len(instances)), strict=True):
            instance.pk = key


@receiver(class_prepared)
def reserve_row_ids(sender: type[models.Model], **kwargs) -> None:
    """Make a model take its numbered key from its sequence before INSERT, when an encrypted field has a value."""
    key = sender._meta.pk
    if isinstance(key, models.AutoField) and any(isinstance(f, EncryptedField) for f in sender._meta.local_fields):
        key.get_pk_value_on_save = MethodType(_reserve_if_needed, key)  # type: ignore[method-assign]


def _reserve_if_needed(key: models.Field, instance: models.Model) -> int | None:
    fields = (field for field in instance._meta.concrete_fields if isinstance(field, EncryptedField))
    if any(instance.__dict__.get(field.attname) is not None for field in fields):
        return _next_row_id(instance)
    return None


def _next_row_id(instance: models.Model) -> int:
    return _next_row_ids(instance, 1)[0]


def _next_row_ids(instance: models.Model, number: int) -> list[int]:
    meta = instance._meta
    connection = connections[router.db_for_write(type(instance), instance=instance)]
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(meta.db_table)
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [table, meta.pk.column, number],
        )
        return sorted(key for (key,) in cursor.fetchall())
