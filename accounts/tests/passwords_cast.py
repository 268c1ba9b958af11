"""What the tests of passwords share."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.password_changes import change_password
from accounts.tests.factories import PASSWORD
from loctelli.errors import InvalidRequest
from security.models import PasswordHistory
from tenants.scope import system_scope

LOGIN, FORGOTTEN, RESET = (f"/api/v1/auth/{name}/" for name in ("login", "password/forgotten", "password/reset"))
ME, PASSWORD_PATH, SESSIONS, LEADS = (f"/api/v1/{name}/" for name in ("me", "me/password", "me/sessions", "leads"))
NEW = "nine quiet harbour lamps"
INVALID = (403, "invalid_reset_token")


def post(path: str, client: Client | None = None, **body):
    return (client or Client()).post(path, body, content_type="application/json")


def outcome(answer) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "") if answer.content else ""


def sign_in(user, password: str = PASSWORD):
    return post(LOGIN, email=user.email, password=password)


def bearer(token) -> Client:
    return Client(headers={"Authorization": f"Bearer {token}"})


def fresh(account):
    with system_scope("test"):
        return (
            type(account)
            .objects.select_related(*(["sub_account"] if isinstance(account, User) else []))
            .get(pk=account.pk)
        )


def history(account) -> int:
    with system_scope("test"):
        return PasswordHistory.objects.filter(user_id=account.pk).count()


def change(model, pk, **values) -> None:
    with system_scope("test"):
        model.objects.filter(pk=pk).update(**values)


def refusal(account, password: str) -> set[str]:
    """Return the codes that a new password is refused with."""
    with pytest.raises(InvalidRequest) as refused:
        change_password(fresh(account), password)
    assert {error["path"] for error in refused.value.errors} == {"password"}
    return {error["code"] for error in refused.value.errors}
