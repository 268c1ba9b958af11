"""Keys: the ring in the environment, and the random data key of each sub-account that the ring wraps.

The ring wraps data keys and nothing else, so that rotating it rewraps one row a sub-account, and deleting that row
shreds everything that was ever encrypted for the sub-account.
"""

import base64
import binascii
import os
import re
import threading
import time
from dataclasses import dataclass
from functools import cached_property, lru_cache
from json.encoder import encode_basestring_ascii
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models

from loctelli.errors import Conflict
from tenants.scope import Scope, current_scope

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
CACHE_SECONDS = 300

ADVICE = 'set it to "<id>:<base64 of 32 random bytes>", several separated by commas, the first one encrypting'
KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class EncryptionError(Exception):
    """Something could not be encrypted or decrypted."""


class Unreadable(EncryptionError, Conflict):
    """A ciphertext that does not open: the message tells us which one, the answer doesn't."""

    def __init__(self, message: str) -> None:
        Conflict.__init__(self)
        self.args = (message,)


class DecryptionFailed(Unreadable):
    """A ciphertext was changed, moved to another column, row or sub-account, or was never one."""

    code = "integrity_violation"
    detail = "What is stored was changed outside of Loctelli and can't be read. It has been reported: set it anew."


class KeyUnknown(Unreadable):
    """The key that a ciphertext needs is not there, or is not the bound sub-account's."""

    code = "key_unknown"
    detail = "The key to what is stored is missing, so it can't be read. It has been reported."


@dataclass(frozen=True)
class KeyRing:
    """The keys of `ENCRYPTION_KEYS` by id; the first one wraps, all of them unwrap."""

    keys: dict[str, bytes]

    @classmethod
    def parse(cls, entries: tuple[str, ...]) -> "KeyRing":
        """Read "id:base64" entries; raise ImproperlyConfigured, without repeating a key, when one is no good."""
        keys: dict[str, bytes] = {}
        for number, entry in enumerate(entries, start=1):
            kid, _, encoded = entry.strip().partition(":")
            try:
                key = decode(encoded)
            except ValueError:
                key = b""
            if not KEY_ID.fullmatch(kid) or len(key) != KEY_BYTES:
                raise ImproperlyConfigured(f"ENCRYPTION_KEYS is malformed at entry {number}: {ADVICE}.")
            if len(set(key)) < 8:
                raise ImproperlyConfigured(f"ENCRYPTION_KEYS is too weak at entry {number}: {ADVICE}.")
            if kid in keys or key in keys.values():
                raise ImproperlyConfigured(f"ENCRYPTION_KEYS repeats an id or a key at entry {number}: {ADVICE}.")
            keys[kid] = key
        if not keys:
            raise ImproperlyConfigured(f"ENCRYPTION_KEYS is missing: {ADVICE}.")
        return cls(keys)

    @property
    def primary(self) -> str:
        """The id of the key that wraps new data keys."""
        return next(iter(self.keys))

    def wrap(self, data_key: bytes, *, sub_account_id: int) -> tuple[str, str]:
        """Return (id of the wrapping key, base64 of nonce and wrapped data key)."""
        nonce = os.urandom(NONCE_BYTES)
        wrapped = AESGCM(self.keys[self.primary]).encrypt(nonce, data_key, _wrapping(self.primary, sub_account_id))
        return self.primary, encode(nonce + wrapped)

    def unwrap(self, kid: str, wrapped_key: str, *, sub_account_id: int) -> bytes:
        """Return the data key; raise KeyUnknown without that wrapping key, DecryptionFailed when it does not open."""
        if kid not in self.keys:
            raise KeyUnknown(f'ENCRYPTION_KEYS has no key "{kid}", which wraps the data key of {sub_account_id}.')
        try:
            raw = decode(wrapped_key)
            if len(raw) != NONCE_BYTES + KEY_BYTES + TAG_BYTES:
                raise ValueError("A wrapped key has another length.")
            return AESGCM(self.keys[kid]).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _wrapping(kid, sub_account_id))
        except (ValueError, InvalidTag) as error:
            raise DecryptionFailed(f"The data key of sub-account {sub_account_id} does not unwrap.") from error


def encode(raw: bytes) -> str:
    """Return base64 as text."""
    return base64.b64encode(raw).decode("ascii")


def decode(text: str) -> bytes:
    """Return what base64 of either alphabet, padded or not, stands for; raise ValueError when it is none."""
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("This is not base64.") from error


def bind(*parts: str | int) -> bytes:
    """Return associated data that no other sequence of parts gives."""
    # A JSON array as json.dumps() writes it, which makes an encoder for each.
    return f"[{', '.join([encode_basestring_ascii(str(part)) for part in parts])}]".encode()


def _wrapping(kid: str, sub_account_id: int) -> bytes:
    return bind("data key", kid, sub_account_id)


def key_ring() -> KeyRing:
    """Return the ring of the settings; raise ImproperlyConfigured, in one sentence, when there is none."""
    return _parse(tuple(settings.ENCRYPTION_KEYS))


_parse = lru_cache(maxsize=4)(KeyRing.parse)


class SecretKey(bytes):
    """An unwrapped data key, whose cipher is made once."""

    @cached_property
    def cipher(self) -> AESGCM:
        return AESGCM(self)


class Fresh(NamedTuple):
    """A data key inserted by a transaction that may yet be rolled back: nobody else may rely on it."""

    scope: Scope
    savepoints: tuple[str | None, ...]
    key: SecretKey

    def holds(self, scope: Scope) -> bool:
        """Return whether this is the same transaction, and no savepoint has ended since that took the row along."""
        return self.scope is scope and _savepoints()[: len(self.savepoints)] == self.savepoints


class DataKeys:
    """The unwrapped data keys this process has used in the last five minutes, read from `DataKey` otherwise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cached: dict[int, tuple[SecretKey, float]] = {}
        self._fresh: dict[int, Fresh] = {}

    def get(self, sub_account_id: int) -> SecretKey:
        """Return the data key of a sub-account; raise KeyUnknown when it has none, or is not the bound one."""
        scope = _bound_to(sub_account_id)
        key = self._recall(sub_account_id, scope) or self._read(sub_account_id, scope)
        if key is None:
            raise KeyUnknown(f"Sub-account {sub_account_id} has no data key.")
        return key

    def get_or_create(self, sub_account_id: int) -> SecretKey:
        """Return the data key of a sub-account, made by its first use; of several first uses one makes it."""
        scope = _bound_to(sub_account_id)
        key = self._recall(sub_account_id, scope) or self._read(sub_account_id, scope)
        return key or self._create(sub_account_id, scope)

    def clear(self) -> None:
        """Forget every unwrapped key, so that the next use reads its row."""
        with self._lock:
            self._cached.clear()
            self._fresh.clear()

    def _recall(self, sub_account_id: int, scope: Scope) -> SecretKey | None:
        with self._lock:
            fresh = self._fresh.get(sub_account_id)
            if fresh is not None and fresh.holds(scope):
                return fresh.key
            key, until = self._cached.get(sub_account_id, (None, 0.0))
            return key if until > time.monotonic() else None

    def _read(self, sub_account_id: int, scope: Scope) -> SecretKey | None:
        row = _model()._default_manager.filter(sub_account_id=sub_account_id).values_list("kid", "wrapped_key").first()
        if row is None:
            return None
        key = SecretKey(key_ring().unwrap(*row, sub_account_id=sub_account_id))
        with self._lock:
            fresh = self._fresh.get(sub_account_id)
            if fresh is not None and fresh.scope is scope:
                self._fresh[sub_account_id] = Fresh(scope, _savepoints(), key)
            else:
                # Somebody else's row that is visible here is committed.
                self._fresh.pop(sub_account_id, None)
                self._cached[sub_account_id] = (key, time.monotonic() + CACHE_SECONDS)
        return key

    def _create(self, sub_account_id: int, scope: Scope) -> SecretKey:
        key = SecretKey(os.urandom(KEY_BYTES))
        kid, wrapped_key = key_ring().wrap(key, sub_account_id=sub_account_id)
        # Waits for another transaction that is inserting one, and then leaves that one be.
        row = _model()(sub_account_id=sub_account_id, kid=kid, wrapped_key=wrapped_key)
        _model()._default_manager.bulk_create([row], ignore_conflicts=True)
        if _model()._default_manager.filter(sub_account_id=sub_account_id, wrapped_key=wrapped_key).exists():
            with self._lock:
                self._fresh[sub_account_id] = Fresh(scope, _savepoints(), key)
            return key
        return self.get(sub_account_id)


def _bound_to(sub_account_id: int) -> Scope:
    # A remembered key needs no query, so row security could not refuse it to another tenant.
    scope = current_scope()
    if not scope.is_system and scope.sub_account_id != sub_account_id:
        raise KeyUnknown(f"The data key of sub-account {sub_account_id} is not the bound sub-account's.")
    return scope


def _savepoints() -> tuple[str | None, ...]:
    return tuple(connection.savepoint_ids)


def _model() -> type[models.Model]:
    # By name: the models' own fields stand on this module.
    return apps.get_model("security", "DataKey")


data_keys = DataKeys()
