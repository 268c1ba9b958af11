"""The cipher of conversation messages, whose parts have columns of their own, and the chain that joins them.

Each message has its own key, derived from the sub-account's data key and the message's salt. Its integrity hash covers
the hash of the lead's message before it, so a message that was deleted, moved or changed is found.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from security.keys import KEY_BYTES, NONCE_BYTES, DecryptionFailed, bind, data_keys, decode, encode

TABLE = "conversation_messages"
COLUMN = "encrypted_content"
SALT_BYTES = 16
FIRST = ""  # what stands for the hash before the first message


class SealedMessage(NamedTuple):
    """The three columns that hold a message's content, each in base64."""

    encrypted_content: str
    salt: str
    iv: str


class Message(Protocol):
    """What the chain reads of a `ConversationMessage`."""

    pk: str
    sub_account_id: int
    lead_id: int
    role: str
    message_timestamp: datetime
    encrypted_content: str
    salt: str
    iv: str
    integrity_hash: str


def seal_message(content: str, *, sub_account_id: int, row_id: str) -> SealedMessage:
    """Return the encrypted content with the HKDF salt and the GCM nonce it was encrypted with."""
    salt, iv = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    cipher = AESGCM(_derive(data_keys.get_or_create(sub_account_id), salt=salt, purpose=b"conversation message"))
    sealed = cipher.encrypt(iv, content.encode(), bind(TABLE, COLUMN, sub_account_id, row_id))
    return SealedMessage(encode(sealed), encode(salt), encode(iv))


def unseal_message(encrypted_content: str, salt: str, iv: str, *, sub_account_id: int, row_id: str) -> str:
    """Return the content; raise DecryptionFailed when any part was changed or is another message's, or KeyUnknown."""
    key = data_keys.get(sub_account_id)
    try:
        cipher = AESGCM(_derive(key, salt=decode(salt), purpose=b"conversation message"))
        place = bind(TABLE, COLUMN, sub_account_id, row_id)
        return cipher.decrypt(decode(iv), decode(encrypted_content), place).decode()
    except (ValueError, InvalidTag) as error:
        raise DecryptionFailed(f"Message {row_id} does not decrypt.") from error


def chain_hash(
    previous_hash: str,
    *,
    sub_account_id: int,
    lead_id: int,
    row_id: str,
    role: str,
    message_timestamp: datetime,
    sealed: SealedMessage,
) -> str:
    """Return the integrity hash, in hex, of a message that follows the one whose hash is given ("" for none)."""
    # Sealing has made the key. Who verifies makes none: without it nothing can be proven.
    key = _derive(data_keys.get(sub_account_id), salt=None, purpose=b"conversation integrity")
    moment = message_timestamp.astimezone(UTC).isoformat(timespec="microseconds")
    digest = hmac.HMAC(key, hashes.SHA256())
    digest.update(bind(previous_hash, sub_account_id, lead_id, row_id, role, moment, *sealed))
    return digest.finalize().hex()


def verify_chain(messages: Iterable[Message]) -> list[str]:
    """Return the ids of the messages, in order, that were changed or don't follow the one before; [] for a whole chain.

    A message cut off at the very end leaves no trace in those that remain: the lead's own date of it tells.
    """
    broken, previous = [], FIRST
    for message in messages:
        expected = chain_hash(
            previous,
            sub_account_id=message.sub_account_id,
            lead_id=message.lead_id,
            row_id=message.pk,
            role=message.role,
            message_timestamp=message.message_timestamp,
            sealed=SealedMessage(message.encrypted_content, message.salt, message.iv),
        )
        if expected != message.integrity_hash:
            broken.append(message.pk)
        previous = message.integrity_hash
    return broken


def _derive(data_key: bytes, *, salt: bytes | None, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=salt, info=purpose).derive(data_key)
