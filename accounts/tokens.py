"""Access tokens: short-lived JWTs that carry what the binding needs, signed with the first of two keys."""

import hashlib
import re
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import User
from tenants.models import ONBOARDING_ID

SESSION = re.compile(r"c[0-9a-z]{24}")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says: whose it is, and the session and the password it was issued on."""

    user_id: int
    sub_account_id: int
    stamp: str
    session: str

    def fit(self, password: str) -> bool:
        """Return whether the account still has the password that the token was issued on, by its hash."""
        return constant_time_compare(self.stamp, _stamp(password, settings.SECRET_KEY))


class KeyRing(TokenBackend):
    """simplejwt's backend, naming in the header (`kid`) which key signs, and believing the previous key, too."""

    def __init__(self) -> None:
        options: dict[str, Any] = settings.SIMPLE_JWT
        super().__init__(options["ALGORITHM"], audience=options["AUDIENCE"], issuer=options["ISSUER"])
        self.keys = {key_id(key): key for key in (settings.JWT_SIGNING_KEY, settings.JWT_SIGNING_KEY_PREVIOUS) if key}

    def encode(self, payload: dict[str, Any]) -> str:
        kid, key = next(iter(self.keys.items()))
        claims = {**payload, "aud": self.audience, "iss": self.issuer}
        return jwt.encode(claims, key, algorithm=self.algorithm, headers={"kid": kid})

    def get_verifying_key(self, token: Any) -> str:
        kid = jwt.get_unverified_header(token).get("kid")
        if kid not in self.keys:
            raise TokenBackendError("Token is signed with another key")
        return self.keys[kid]


class UserToken(AccessToken):
    """An access token of the API."""

    @property
    def token_backend(self) -> KeyRing:
        return KeyRing()

    def get_token_backend(self) -> KeyRing:
        return self.token_backend


def issue(user: User, session: str) -> AccessToken:
    """Return a new access token for a user in a session, named by its tokens' family."""
    token = UserToken.for_user(user)
    token["sub_account_id"] = user.sub_account_id
    token["stamp"] = password_stamp(user)
    token["sid"] = session
    return token


def verify(raw: str) -> Claims:
    """Return the claims of a token whose signature, algorithm, issuer, audience, type and expiry hold.

    Raises simplejwt's TokenError otherwise, also when a claim of ours is missing or malformed.
    """
    claims, expiry = _verified(raw, settings.JWT_SIGNING_KEY, settings.JWT_SIGNING_KEY_PREVIOUS)
    if expiry <= time.time():
        raise TokenError("Token is expired")
    return claims


@lru_cache(maxsize=10_000)
def _verified(raw: str, *keys: str) -> tuple[Claims, int]:
    """Return a token's claims and when it expires: what stays true of it, under these keys, for good.

    A refused token is not remembered.
    """
    token = UserToken(raw)  # type: ignore[arg-type]
    try:
        claims = Claims(int(token["sub"]), int(token["sub_account_id"]), str(token["stamp"]), str(token["sid"]))
        expiry = int(token["exp"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise TokenError("Token lacks a claim") from error
    if not SESSION.fullmatch(claims.session):
        raise TokenError("Token names no session")
    return claims, expiry


def key_id(key: str) -> str:
    """Return the name of a signing key: eight digits of its hash, which give nothing of 43 random characters away."""
    return hashlib.sha256(b"kid " + key.encode()).hexdigest()[:8]


def password_stamp(user: User) -> str:
    """Return what changes with the password: tokens issued before end with it."""
    return _stamp(user.password, settings.SECRET_KEY)


@lru_cache(maxsize=10_000)
def _stamp(password: str, secret: str) -> str:
    return salted_hmac("accounts.tokens", password, secret=secret, algorithm="sha256").hexdigest()[:32]


def session_stamps(account: Any) -> list[str]:
    """Return the stamps of the account's sessions that go on; new ones get the first.

    A stamp changes with password and sub-account. Only a session begun in ONBOARDING outlives a move, for that is how
    people join. It stands beside the password's hash in the database, so it needs no key.
    """
    homes = list(dict.fromkeys([account.sub_account_id, ONBOARDING_ID])) if isinstance(account, User) else [None]
    return [hashlib.sha256(f"{account.password} {home}".encode()).hexdigest() for home in homes]
