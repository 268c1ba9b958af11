"""Passwords: what they must be, and which can't come again."""

import time

import pytest

from accounts import password_changes
from accounts.hashers import Argon2PasswordHasher
from accounts.password_changes import change_password
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.passwords_cast import NEW, fresh, history, outcome, refusal, sign_in
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patient(settings):
    settings.LOGIN_THROTTLE = settings.PASSWORD_THROTTLE = settings.PASSWORD_MAIL_THROTTLE = "100000/60"


@pytest.mark.parametrize(
    ("name", "password", "codes"),
    [
        ("alice", "kx9q-zu", {"password_too_short"}),
        ("ada", "kx9q-zuvw7p", {"password_too_short"}),
        ("alice", "x" * 4097, {"password_too_long"}),
        ("alice", "x" * 1_000_000, {"password_too_long"}),
        ("alice", "password1", {"password_too_common"}),
        ("alice", "sunshine1", {"password_too_common"}),
        ("alice", "alice@acme.example", {"password_too_similar"}),
        ("alice", "", {"password_too_short"}),
    ],
)
def test_what_a_password_can_not_be(cast, name, password, codes):
    started = time.process_time()

    assert refusal(getattr(cast, name), password) == codes
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("name", "password"),
    [("alice", "kx9q-zuv"), ("ada", "kx9q-zuvw7pm"), ("alice", "onlylowercaseletters"), ("alice", "ж" * 4096)],
)
def test_what_it_can_be(cast, name, password):
    account = getattr(cast, name)

    assert change_password(fresh(account), password)
    assert fresh(account).check_password(password)


@pytest.mark.parametrize("password", ["x" * 4096, "ж" * 4096])
def test_4096_characters_sign_in_and_more_are_refused_in_bounded_time(alice, password):
    change_password(fresh(alice), password)
    started = time.process_time()

    assert sign_in(alice, password).status_code == 200
    assert outcome(sign_in(alice, password + "x")) == (400, "validation_error")
    assert time.process_time() - started < 2


@pytest.mark.parametrize(("name", "refused"), [("alice", 5), ("ada", 10)])
def test_the_last_passwords_are_refused_the_first_one_included(cast, name, refused):
    account = getattr(cast, name)
    used = [PASSWORD, *(f"{NEW} number {number}" for number in range(refused))]
    for password in used[1:-1]:
        assert change_password(fresh(account), password)

    assert [refusal(account, password) for password in used[:-1]] == [{"password_used_before"}] * refused
    assert change_password(fresh(account), used[-1])
    assert change_password(fresh(account), PASSWORD)
    assert history(account) == refused - 1


def test_a_change_hashes_no_more_often_than_passwords_are_refused(ada, monkeypatch):
    for number in range(15):
        change_password(fresh(ada), f"{NEW} number {number}")
    hashed, verify = [], Argon2PasswordHasher.verify
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda *args: hashed.append(1) or verify(*args))

    change_password(fresh(ada), NEW)

    assert len(hashed) == password_changes.REFUSED["admin"]


def test_of_an_account_without_a_password_nothing_is_kept(cast):
    with system_scope("test"):
        user = UserFactory(sub_account=cast.acme, password="!unusable")

    assert change_password(fresh(user), NEW)
    assert history(user) == 0
