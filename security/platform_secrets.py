"""Secrets that belong to no sub-account, such as the second factors of admins: sealed under the key ring itself.

A column of such secrets is a `PlatformSecretField`; that is how `manage.py rotate_keys` finds it:

    secret = PlatformSecretField()
    row.secret = seal(plaintext, table="totp_devices", column="secret", row_id=row.pk)
    plaintext = unseal(row.secret, table="totp_devices", column="secret", row_id=row.pk)
"""

import os
import re
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import models

from security.keys import (
    NONCE_BYTES,
    TAG_BYTES,
    DecryptionFailed,
    EncryptionError,
    KeyUnknown,
    bind,
    decode,
    encode,
    key_ring,
)

PREFIX = "ring:v1:"
# What a CHECK constraint asks of a column: prefix, id of the key, base64 of nonce and ciphertext.
SEALED_PATTERN = f"^{PREFIX}[A-Za-z0-9._-]{{1,64}}:[A-Za-z0-9+/]{{38,}}={{0,2}}$"


def seal(plaintext: str, *, table: str, column: str, row_id: int | str) -> str:
    """Return "ring:v1:<id of the key>:<base64>"; only `unseal` with the same place, the row's primary key, opens it."""
    ring = key_ring()
    nonce = os.urandom(NONCE_BYTES)
    place = _place(ring.primary, table, column, row_id)
    return f"{PREFIX}{ring.primary}:" + encode(
        nonce + AESGCM(ring.keys[ring.primary]).encrypt(nonce, plaintext.encode(), place)
    )


def unseal(sealed: str, *, table: str, column: str, row_id: int | str) -> str:
    """Return the plaintext; raise DecryptionFailed when it was sealed for another place or changed, or KeyUnknown."""
    kid, raw = key_id(sealed), b""
    try:
        raw = decode(sealed.removeprefix(PREFIX).partition(":")[2])
    except ValueError:
        kid = None
    if kid is None or len(raw) < NONCE_BYTES + TAG_BYTES:
        raise DecryptionFailed(f"{table}.{column} of row {row_id} is no ciphertext.")
    ring = key_ring()
    if kid not in ring.keys:
        raise KeyUnknown(f'ENCRYPTION_KEYS has no key "{kid}", which {table}.{column} of row {row_id} needs.')
    try:
        place = _place(kid, table, column, row_id)
        return AESGCM(ring.keys[kid]).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place).decode()
    except InvalidTag as error:
        raise DecryptionFailed(f"{table}.{column} of row {row_id} does not decrypt.") from error


def key_id(sealed: str) -> str | None:
    """Return the id of the key of the ring that sealed a secret, or None when it is no ciphertext."""
    kid, colon, _ = sealed.removeprefix(PREFIX).partition(":")
    return kid if sealed.startswith(PREFIX) and colon else None


def _place(kid: str, table: str, column: str, row_id: int | str) -> bytes:
    return bind("platform secret", kid, table, column, row_id)


class PlatformSecretField(models.TextField):
    """A column that holds what `seal` returns and refuses anything else."""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if isinstance(value, str) and not re.fullmatch(SEALED_PATTERN, value):
            raise EncryptionError(f"{self.model._meta.label}.{self.name} takes what platform_secrets.seal() returns.")
        return super().get_db_prep_value(value, connection, prepared)

    def formfield(self, **kwargs: Any) -> None:
        """Give forms no field: a secret goes in through a service."""
