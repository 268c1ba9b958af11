"""Changing a password: what it must be, which it must not be again, and what ends with the old one."""

from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts import refresh_tokens
from accounts.kinds import kind_of
from accounts.password_validators import LONGEST
from accounts.tokens import session_stamps
from loctelli.errors import InvalidRequest
from security.choices import AccountType
from security.models import PasswordHistory
from tenants.scope import ensure_scope, system_scope

# How many passwords, the present one among them, can't be taken again.
REFUSED = {AccountType.USER: 5, AccountType.ADMIN: 10}


def change_password(account: Any, new: str, *, keep_session: str | None = None) -> bool:
    """Give an account a new password and end its sessions, one excepted; False when another change came first.

    Call it outside of any scope, for it hashes as often as passwords are refused, and sets `account.password`. Raises
    InvalidRequest at `password` when the new one is weak or was used before.
    """
    kind, old = kind_of(account), account.password
    check_strength(new, account)
    with system_scope("changing a password: history"):
        history = list(_history(kind, account.pk).values_list("password_hash", flat=True)[: REFUSED[kind] - 1])
    if any(check_password(new, used) for used in [old, *history]):
        raise InvalidRequest.at(
            "password", "password_used_before", f"Take another one than your last {REFUSED[kind]} passwords."
        )
    hashed = make_password(new)
    with system_scope("changing a password"):
        # A link used twice at once, or two changes at once: one of them finds the password it knew.
        same = type(account)._default_manager.filter(pk=account.pk, password=old)
        if not same.update(password=hashed, password_change_required_at=None):
            return False
        stamps = session_stamps(account)
        account.password, account.password_change_required_at = hashed, None
        _remember(kind, account.pk, old)
        refresh_tokens.end_sessions(kind, account.pk, except_family=keep_session)
        refresh_tokens.renew_stamps(kind, account, replaced=stamps)
    return True


def check_strength(password: str, account: Any) -> None:
    """Raise InvalidRequest at `password` when a password is too short, too long, common, or like its account."""
    if len(password) > LONGEST:
        # Not compared with lists and names first.
        raise InvalidRequest.at("password", "password_too_long", f"{LONGEST} characters at most.")
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise InvalidRequest(
            errors=[
                {"path": "password", "code": found.code or "invalid", "detail": found.messages[0]}
                for found in error.error_list
            ]
        ) from error


def require_password_change(account: Any) -> None:
    """Let an account do nothing else before its password is changed."""
    with ensure_scope("requiring a password change"):
        account.password_change_required_at = timezone.now()
        account.save(update_fields=["password_change_required_at"])


def _history(kind: AccountType, user_id: int) -> Any:
    return PasswordHistory.objects.filter(account_type=kind, user_id=user_id).order_by("-created_at", "-pk")


def _remember(kind: AccountType, user_id: int, old: str) -> None:
    """Keep the password that was replaced, and no more of them than are compared."""
    if old.startswith("!"):
        return  # an account without a password
    PasswordHistory.objects.create(account_type=kind, user_id=user_id, password_hash=old)
    kept = list(_history(kind, user_id).values_list("pk", flat=True)[: REFUSED[kind] - 1])
    _history(kind, user_id).exclude(pk__in=kept).delete()
