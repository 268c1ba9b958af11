"""Access tokens: short-lived JWTs that carry what the binding needs."""

from dataclasses import dataclass

from django.utils.crypto import constant_time_compare
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import User


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says: whose it is and what it was issued on."""

    user_id: int
    sub_account_id: int
    stamp: str

    def fit(self, user: User) -> bool:
        """Return whether the account is still the one the token was issued to: active, with the same password."""
        return user.is_active and user.sub_account.is_active and constant_time_compare(self.stamp, password_stamp(user))


def issue(user: User) -> AccessToken:
    """Return a new access token for a user."""
    token = AccessToken.for_user(user)
    token["sub_account_id"] = user.sub_account_id
    token["stamp"] = password_stamp(user)
    return token


def verify(raw: str) -> Claims:
    """Return the claims of a token whose signature, algorithm, issuer, audience, type and expiry hold.

    Raises simplejwt's TokenError otherwise, also when a claim of ours is missing or malformed.
    """
    token = AccessToken(raw)  # type: ignore[arg-type]
    try:
        return Claims(int(token["sub"]), int(token["sub_account_id"]), str(token["stamp"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise TokenError("Token lacks a claim") from error


def password_stamp(user: User) -> str:
    """Return what changes with the password: tokens issued before end with it."""
    return user.get_session_auth_hash()[:32]
