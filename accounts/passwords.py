"""Passwords checked in the same time whether or not there is an account."""

from functools import cache, partial
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import check_password, make_password

from accounts import refresh_tokens
from accounts.kinds import kind_of
from accounts.tokens import session_stamps
from tenants.scope import ensure_scope


@cache
def _nobodys_hash() -> str:
    return make_password("nobody's password")


def verify_nothing(password: str) -> None:
    """Take the time that checking a password takes."""
    check_password(password, _nobodys_hash())


def verify_password(account: AbstractBaseUser | None, password: str) -> bool:
    """Return whether this is the account's password, in the same time when there is no account.

    Call it outside of any transaction, for it takes tens of milliseconds. It renews hashes of weaker parameters.
    """
    if account is None or not account.has_usable_password():
        verify_nothing(password)
        return False
    return check_password(password, account.password, partial(_renew, account))


def _renew(account: Any, password: str) -> None:
    """Store a stronger hash of the same password: no change of it, so neither the history nor a session notes one."""
    old, stamps = account.password, session_stamps(account)
    account.password = make_password(password)
    with ensure_scope("renewing a password hash"):
        # Unless the password itself was changed in the meantime.
        type(account)._default_manager.filter(pk=account.pk, password=old).update(password=account.password)
        refresh_tokens.renew_stamps(kind_of(account), account, replaced=stamps)
