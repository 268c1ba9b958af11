"""`Idempotency-Key`: a write that is sent twice happens once, and both get the same answer.

The key's row is inserted in the request's own transaction. A second request waits on the unique index until the first
has ended: if that was committed, its answer is kept there; if it was rolled back, the key is free again.
"""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from loctelli.database.compiled import argument, run, this_wrapper
from loctelli.database.queries import Query
from loctelli.errors import Conflict, DomainError
from tenants.models import IdempotencyKey

HEADER, IN_META = "Idempotency-Key", "HTTP_IDEMPOTENCY_KEY"
AnyRequest = HttpRequest | Request
VALID = re.compile(r"[\x21-\x7e]{1,255}")


class InvalidIdempotencyKey(DomainError):
    code = "invalid_idempotency_key"
    detail = "An Idempotency-Key has 1 to 255 visible ASCII characters."


class IdempotencyKeyReused(DomainError):
    code = "idempotency_key_reused"
    status = 422
    detail = "This Idempotency-Key was used for another request."


class AnswerLost(Conflict):
    code = "idempotent_answer_lost"
    detail = "This request was carried out before, but its answer can't be read any more."


class Replay(Exception):
    """The request was carried out before; this is what was answered."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__()


@dataclass(frozen=True)
class Claim:
    """A key that this request has for itself until its transaction ends."""

    pk: int
    key: str
    fingerprint: str

    def keep(self, response: HttpResponse) -> None:
        """Keep the answer beside the key, in the request's transaction."""
        body = seal(response.content, self.key, self.fingerprint)
        sql = f"UPDATE {_table()} SET status = %s, body = %s WHERE id = %s"
        parameters = [argument(value) for value in (response.status_code, body, self.pk)]
        this_wrapper().send_along(Query(sql, parameters))


class Attempt(Query):
    """Inserts a request's key unless it is there already, after waiting for whoever holds it; then it has no rows.

    Nor has it for a user whom the bound sub-account does not have.
    """

    def __init__(self, user_id: int, key: str, mark: str) -> None:
        self.user_id, self.key, self.mark = user_id, key, mark
        sql = (
            f"INSERT INTO {_table()} (user_id, key, fingerprint) SELECT id, %s, %s FROM users WHERE id = %s "
            "ON CONFLICT DO NOTHING RETURNING id"
        )
        super().__init__(sql, [argument(value) for value in (key, mark, user_id)])


def attempt(request: AnyRequest, user_id: int) -> Attempt | None:
    """Return what claims a request's key for a user, once it is run; None for a request that has none."""
    key = request.META.get(IN_META)
    if key is None:
        return None
    if not VALID.fullmatch(key):
        raise InvalidIdempotencyKey
    return Attempt(user_id, key, fingerprint(request))


def claim(attempted: Attempt) -> Claim:
    """Claim a key that was attempted; raise Replay when the request was carried out before."""
    user_id, key, mark = attempted.user_id, attempted.key, attempted.mark
    # A key can be pruned between the attempt to insert it and the look at it: the next attempt inserts it.
    while not attempted.rows:
        kept = IdempotencyKey.objects.filter(user_id=user_id, key=key).first()
        if kept is not None:
            if kept.fingerprint != mark:
                raise IdempotencyKeyReused
            raise Replay(_answer(kept))
        run([attempted])
    return Claim(attempted.rows[0][0], key, mark)


def fingerprint(request: AnyRequest) -> str:
    """Return what tells one request from another: SHA-256 of method, path with query, and body."""
    digest = hashlib.sha256()
    for part in ((request.method or "").encode(), request.get_full_path().encode(), request.body):
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()


def _table() -> str:
    return IdempotencyKey._meta.db_table


def _answer(kept: IdempotencyKey) -> Response:
    content = unseal(kept.body or "", kept.key, kept.fingerprint)
    data = orjson.Fragment(content) if content else None
    return Response(data, kept.status, headers={"Idempotency-Replayed": "true"})


# Answers hold what is encrypted elsewhere (messages, secrets shown once), so they are not kept in plaintext either.


def _cipher(secret: str, key: str) -> AESGCM:
    derived = HKDF(hashes.SHA256(), length=32, salt=None, info=b"loctelli idempotent answer " + key.encode())
    return AESGCM(derived.derive(secret.encode()))


def seal(content: bytes, key: str, mark: str) -> str:
    """Return an answer encrypted for its key and request."""
    nonce = secrets.token_bytes(12)
    return base64.b64encode(nonce + _cipher(settings.SECRET_KEY, key).encrypt(nonce, content, mark.encode())).decode()


def unseal(sealed: str, key: str, mark: str) -> bytes:
    """Return the answer that `seal` encrypted, under today's SECRET_KEY or a former one."""
    raw = base64.b64decode(sealed)
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return _cipher(secret, key).decrypt(raw[:12], raw[12:], mark.encode())
        except InvalidTag:
            continue
    raise AnswerLost
