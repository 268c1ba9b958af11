"""Narrowing: the console shows an admin one sub-account alone, until they let go of it.

It narrows lists, choices and charts. It is no wall: admins may see everything, so a row of another sub-account still
opens by its address, and its page says whose it is.
"""

from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.http import HttpRequest

from tenants.models import SubAccount
from tenants.scope import ensure_scope


def narrowed_to(request: HttpRequest) -> SubAccount | None:
    """Return the sub-account that the console is narrowed to for this request's admin; None for all of them."""
    if not hasattr(request, "narrowed_to"):
        request.narrowed_to = _look_up(request)  # type: ignore[attr-defined]
    return request.narrowed_to  # type: ignore[attr-defined]


def _look_up(request: HttpRequest) -> SubAccount | None:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    with ensure_scope("console: which sub-account is shown"):
        chosen = preferences().filter(admin_id=user.pk).values("sub_account_id")
        return SubAccount.objects.filter(pk__in=chosen).first()


def narrow_to(request: HttpRequest, sub_account: SubAccount | None) -> None:
    """Narrow the console to a sub-account, None to widen it again; in the bound system scope."""
    chosen = sub_account.pk if sub_account else None
    preferences().update_or_create(admin_id=request.user.pk, defaults={"sub_account_id": chosen})
    request.narrowed_to = sub_account  # type: ignore[attr-defined]


def preferences() -> models.Manager:
    # By name, for the model stands in a layer above.
    return apps.get_model("security.ConsolePreference")._default_manager


def rows_of(model: type[models.Model], sub_account_id: int) -> Q:
    """Return which rows of a model concern a sub-account: its own and, where such exist, everybody's.

    Records of sign-in know an account by its address or number, and concern the sub-account of its user. All rows of
    what belongs to no sub-account concern each of them.
    """
    fields = {field.name: field for field in model._meta.local_fields}
    if model is SubAccount:
        return Q(pk=sub_account_id)
    if "sub_account" in fields:
        own = Q(sub_account_id=sub_account_id)
        return own | Q(sub_account_id=None) if fields["sub_account"].null else own
    if "sub_account_id" in fields:
        return Q(sub_account_id=sub_account_id)
    if "account_type" in fields:
        users = apps.get_model("accounts.User")._default_manager.filter(sub_account_id=sub_account_id)
        if "user_id" in fields:
            return Q(account_type="user", user_id__in=users.values("pk"))
        return Q(account_type="user", email__in=users.values("email"))
    return Q()


def owner_of(row: models.Model | None) -> Any:
    """Return the id of the sub-account that a row belongs to; None for none."""
    if isinstance(row, SubAccount):
        return row.pk
    return getattr(row, "sub_account_id", None)
