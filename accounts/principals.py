"""Who sends a request to the API, as far as every request asks."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, models

from accounts.models import User
from tenants.models import SubAccount


class Principal(NamedTuple):
    """A user and what counts of the sub-account: all that it takes to let somebody in and to know what they may."""

    pk: int
    sub_account_id: int
    name: str
    email: str
    password: str
    role: str
    is_active: bool
    password_change_required_at: datetime | None
    sub_account_name: str
    sub_account_is_active: bool
    sub_account_created_by_admin_id: int

    def user(self) -> User:
        """Return the user, whose other columns are read when somebody asks for them."""
        sub_account = _part(
            SubAccount,
            id=self.sub_account_id,
            name=self.sub_account_name,
            is_active=self.sub_account_is_active,
            created_by_admin_id=self.sub_account_created_by_admin_id,
        )
        own = dict(zip(USER_COLUMNS, self, strict=False))
        user = _part(User, **own)
        user.sub_account = sub_account
        return user


USER_COLUMNS = ("id", *Principal._fields[1:8])
# Where each field is read from.
COLUMNS = (*USER_COLUMNS, "sub_account__name", "sub_account__is_active", "sub_account__created_by_admin_id")


def _part(model: type[models.Model], **columns: Any) -> Any:
    """Return an instance of a row that was read in part."""
    names = [field.attname for field in model._meta.concrete_fields if field.attname in columns]
    return model.from_db(DEFAULT_DB_ALIAS, names, [columns[name] for name in names])
