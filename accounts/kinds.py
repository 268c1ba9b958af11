"""The two kinds of account, and the model of each."""

from typing import Any

from accounts.models import AdminUser, User
from security.choices import AccountType

MODELS: dict[AccountType, Any] = {AccountType.USER: User, AccountType.ADMIN: AdminUser}


def kind_of(account: AdminUser | User) -> AccountType:
    """Return which kind of account this is."""
    return AccountType.ADMIN if isinstance(account, AdminUser) else AccountType.USER
