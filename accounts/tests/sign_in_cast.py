"""What the tests of attempts, lockouts and devices share."""

from contextlib import suppress
from datetime import timedelta

import pytest

from accounts import signing_in
from accounts.devices import Client
from accounts.hashers import Argon2PasswordHasher
from accounts.signing_in import InvalidCredentials
from accounts.tests.factories import PASSWORD
from security.choices import AccountType
from security.models import AccountLockout, AuthAttempt, KnownDevice
from tenants.scope import system_scope

USER, ADMIN = AccountType.USER, AccountType.ADMIN
KINDS = [(USER, "alice"), (ADMIN, "ada")]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def hashed(monkeypatch) -> list[str]:
    """The stored hashes that passwords are compared with."""
    compared, verify = [], Argon2PasswordHasher.verify

    def count(self, password: str, encoded: str) -> bool:
        compared.append(encoded)
        return verify(self, password, encoded)

    monkeypatch.setattr(Argon2PasswordHasher, "verify", count)
    return compared


def try_in(kind: AccountType, email: str, password: str = "a wrong guess", **client) -> str:
    """Try to sign in and return what became of it, as the record has it."""
    fields = {"address": "203.0.113.7", "user_agent": "tests", **client}
    with suppress(InvalidCredentials):
        signing_in.sign_in(kind, email, password=password, client=Client(**fields))
    return latest().failure_reason or "success"


def enter(kind: AccountType, email: str, **client) -> signing_in.SignIn:
    fields = {"address": "203.0.113.7", "user_agent": "tests", **client}
    return signing_in.sign_in(kind, email, password=PASSWORD, client=Client(**fields))


def latest() -> AuthAttempt:
    with system_scope("test"):
        return AuthAttempt.objects.latest("created_at")


def pass_time(by: timedelta) -> None:
    with system_scope("test"):
        for model in (AccountLockout, KnownDevice):
            for row in model.objects.all():
                for name in ("locked_until", "last_attempt_at"):
                    value = getattr(row, name)
                    setattr(row, name, value and value - by)
                row.save()


def change(model, pk, **values) -> None:
    with system_scope("test"):
        model.objects.filter(pk=pk).update(**values)
