"""A forgotten password: a token by e-mail that sets a new one, once, within half an hour."""

from typing import Any

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.http import base36_to_int, int_to_base36

from accounts import notices
from accounts.models import User
from accounts.password_changes import change_password
from accounts.signing_in import find_account, is_usable
from loctelli.errors import DomainError
from security.choices import AccountType
from tenants.scope import system_scope


class InvalidResetToken(DomainError):
    """A reset token that is forged, used, or expired, or whose account has changed since."""

    code = "invalid_reset_token"
    status = 403
    detail = "This link is invalid, was used, or has expired: ask for a new one."


class UserResetTokens(PasswordResetTokenGenerator):
    """Tokens that end with the password, the address, a sign-in, and PASSWORD_RESET_TIMEOUT."""

    key_salt = "accounts.password_resets"


tokens = UserResetTokens()


def mail_reset(email: str) -> bool:
    """Send the user with this address a reset token, if there is one; return whether. For a job: it takes its time."""
    with system_scope("a forgotten password"):
        user = find_account(AccountType.USER, email)
    if user is None or not is_usable(user) or user.is_system:
        return False
    notices.send_password_reset(user.email, user.name, reset_token(user))
    return True


def reset_token(user: Any) -> str:
    """Return a token that sets this user's password."""
    return f"{int_to_base36(user.pk)}-{tokens.make_token(user)}"


def reset_password(token: str, password: str) -> User:
    """Set the password of the user whom a token was sent to, and end all their sessions.

    Raises InvalidResetToken, or InvalidRequest when the new password is none.
    """
    number, _, signature = token.partition("-")
    with system_scope("a forgotten password"):
        user = _find(number)
    if user is None or not is_usable(user) or not tokens.check_token(user, signature):
        raise InvalidResetToken
    if not change_password(user, password):
        raise InvalidResetToken
    return user


def _find(number: str) -> Any:
    try:
        pk = base36_to_int(number)
    except ValueError:
        return None
    return User.objects.select_related("sub_account").filter(pk=pk).first() if pk < 2**63 else None
