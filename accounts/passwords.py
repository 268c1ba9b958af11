"""Passwords checked in the same time whether or not there is an account."""

from functools import cache, partial

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import check_password, make_password

from tenants.scope import ensure_scope


@cache
def _nobodys_hash() -> str:
    return make_password("nobody's password")


def verify_password(account: AbstractBaseUser | None, password: str) -> bool:
    """Return whether this is the account's password, in the same time when there is no account.

    Call it outside of any transaction, for it takes tens of milliseconds. It renews hashes of weaker parameters.
    """

    if account is None or not account.has_usable_password():
        check_password(password, _nobodys_hash())
        return False
    return check_password(password, account.password, partial(_renew, account))


def _renew(account: AbstractBaseUser, password: str) -> None:
    """Store a stronger hash of the same password: no change of it, so the history must not note one."""
    account.password = make_password(password)
    with ensure_scope("renewing a password hash"):
        account.save(update_fields=["password"])
