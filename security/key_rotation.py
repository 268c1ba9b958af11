"""Rotation of the key ring: whatever its other keys have wrapped is wrapped anew under the first, while work goes on.

Data keys stay what they are, so nothing that they encrypt is touched, and a process that has one unwrapped goes on with
it. Each batch is a transaction of its own: a rotation that was cut short is finished by the next one.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Count, F, Func, Value

from security import platform_secrets
from security.keys import EncryptionError, key_ring
from security.models import DataKey
from security.platform_secrets import PlatformSecretField
from tenants.scope import system_scope

BATCH = 500
# A process that still wraps under another key may add some meanwhile; one that goes on doing so is not caught up with.
MOST_PASSES = 5


@dataclass
class Rotation:
    """What a rotation has wrapped anew, what it could not open and why, and which keys are in use after it."""

    primary: str
    data_keys: int = 0
    secrets: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    in_use: Counter[str] = field(default_factory=Counter)

    @property
    def others_in_use(self) -> list[str]:
        return sorted(kid for kid in self.in_use if kid != self.primary)


def rotate(*, batch: int = BATCH, dry_run: bool = False) -> Rotation:
    """Wrap under the ring's first key what another one wraps; with `dry_run`, only try to open it.

    Opens system scopes of its own, one a batch. What can't be opened stays as it is and is named in `failures`.
    """
    rotation = Rotation(key_ring().primary)
    for _ in range(MOST_PASSES):
        before = rotation.data_keys + rotation.secrets
        _each_batch(
            DataKey, {"kid": rotation.primary}, batch, lambda rows: _rewrap_data_keys(rotation, rows, dry_run=dry_run)
        )
        for column in platform_columns():
            _rewrap_column(rotation, column, batch, dry_run=dry_run)
        if dry_run or rotation.data_keys + rotation.secrets == before:
            break
    with system_scope("key rotation: which keys are in use"):
        rotation.in_use = keys_in_use()
    return rotation


def keys_in_use() -> Counter[str]:
    """Count what each key wraps, whether or not it is in the ring; in the system scope."""
    used: Counter[str] = Counter()
    for kid, count in DataKey.objects.order_by().values_list("kid").annotate(Count("pk")):
        used[kid] += count
    for column in platform_columns():
        kid = Func(F(column.name), Value(":"), Value(3), function="split_part", output_field=models.TextField())
        rows = column.model._base_manager.exclude(**{column.name: None}).order_by().annotate(kid=kid)
        for name, count in rows.values_list("kid").annotate(Count("pk")):
            used[name] += count
    return used


def platform_columns() -> list[PlatformSecretField]:
    """Return every column that holds secrets of the platform."""
    fields = (field for model in apps.get_models() for field in model._meta.local_fields)
    return [field for field in fields if isinstance(field, PlatformSecretField)]


def _each_batch(
    model: type[models.Model], done: dict[str, Any], batch: int, rewrap: Callable[[list[Any]], None]
) -> None:
    """Hand over the rows that aren't `done`, locked, in the order of their keys, a transaction a batch."""
    last = None
    while True:
        with system_scope("key rotation"):
            rows = model._base_manager.select_for_update(no_key=True).exclude(**done).order_by("pk")
            found = list((rows if last is None else rows.filter(pk__gt=last))[:batch])
            rewrap(found)
        if len(found) < batch:
            return
        last = found[-1].pk


def _rewrap_data_keys(rotation: Rotation, rows: list[DataKey], *, dry_run: bool) -> None:
    ring, opened = key_ring(), []
    for row in rows:
        try:
            key = ring.unwrap(row.kid, row.wrapped_key, sub_account_id=row.sub_account_id)
        except EncryptionError as error:
            rotation.failures[f"data key of sub-account {row.sub_account_id}"] = str(error)
        else:
            row.kid, row.wrapped_key = ring.wrap(key, sub_account_id=row.sub_account_id)
            opened.append(row)
    rotation.data_keys += len(opened)
    if not dry_run:
        DataKey.objects.bulk_update(opened, ["kid", "wrapped_key"])


def _rewrap_column(rotation: Rotation, column: PlatformSecretField, batch: int, *, dry_run: bool) -> None:
    name, table = column.name, column.model._meta.db_table

    def rewrap(rows: list[models.Model]) -> None:
        for row in rows:
            sealed, place = getattr(row, name), {"table": table, "column": column.column, "row_id": row.pk}
            if sealed is None:
                continue
            try:
                secret = platform_secrets.unseal(sealed, **place)
            except EncryptionError as error:
                rotation.failures[f"{table}.{column.column} of row {row.pk}"] = str(error)
                continue
            rotation.secrets += 1
            if not dry_run:
                anew = platform_secrets.seal(secret, **place)
                column.model._base_manager.filter(pk=row.pk).update(**{name: anew})

    _each_batch(column.model, {f"{name}__startswith": f"{platform_secrets.PREFIX}{rotation.primary}:"}, batch, rewrap)
