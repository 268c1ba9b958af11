"""The cipher of single values: AES-256-GCM under the sub-account's data key, bound to the very place they are stored.

The associated data names table, column, sub-account and row, so that a ciphertext copied to any other place does not
decrypt there. Nonces are random: one data key is good for 2**32 values.
"""

import os

from cryptography.exceptions import InvalidTag

from security.keys import (
    NONCE_BYTES,
    TAG_BYTES,
    DecryptionFailed,
    EncryptionError,
    KeyUnknown,
    bind,
    data_keys,
    decode,
    encode,
)

__all__ = ["PREFIX", "DecryptionFailed", "EncryptionError", "KeyUnknown", "seal", "unseal"]

PREFIX = "enc:v1:"


def seal(plaintext: str, *, sub_account_id: int, table: str, column: str, row_id: int | str) -> str:
    """Return "enc:v1:" and the base64 of nonce and ciphertext; only `unseal` with the same place opens it."""
    nonce = os.urandom(NONCE_BYTES)
    key = data_keys.get_or_create(sub_account_id)
    place = bind(table, column, sub_account_id, row_id)
    return PREFIX + encode(nonce + key.cipher.encrypt(nonce, plaintext.encode(), place))


def unseal(sealed: str, *, sub_account_id: int, table: str, column: str, row_id: int | str) -> str:
    """Return the plaintext; raise DecryptionFailed when it was sealed for another place or changed, or KeyUnknown."""
    try:
        raw = decode(sealed.removeprefix(PREFIX)) if sealed.startswith(PREFIX) else b""
    except ValueError:
        raw = b""
    if len(raw) < NONCE_BYTES + TAG_BYTES:
        raise DecryptionFailed(f"{table}.{column} of row {row_id} is no ciphertext.")
    key = data_keys.get(sub_account_id)
    place = bind(table, column, sub_account_id, row_id)
    try:
        plaintext = key.cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place)
    except InvalidTag as error:
        raise DecryptionFailed(f"{table}.{column} of row {row_id} does not decrypt.") from error
    return plaintext.decode()
