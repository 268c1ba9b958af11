"""Lockouts, for both kinds of account: guesses are few, and what is answered tells nothing."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import lockouts, signing_in
from accounts.devices import Client
from accounts.models import AdminUser, User
from accounts.signing_in import InvalidCredentials
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.sign_in_cast import ADMIN, KINDS, MINUTE, USER, change, enter, pass_time, try_in
from security.models import AccountLockout
from security.throttling import Throttled
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patient(settings):
    settings.LOGIN_THROTTLE = settings.LOGIN_ACCOUNT_THROTTLE = "1000000/60"


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_after_five_failures_the_right_password_is_refused_too_until_the_wait_is_over(cast, kind, name):
    email = getattr(cast, name).email

    failures = [try_in(kind, email) for _ in range(5)]
    locked = try_in(kind, email, PASSWORD)
    pass_time(lockouts.FIRST_WAIT)

    assert failures == ["invalid_credentials"] * 5
    assert locked == "account_locked"
    assert try_in(kind, email, PASSWORD) == "success"
    assert [try_in(kind, email) for _ in range(5)] == ["invalid_credentials"] * 5


def test_each_wait_is_twice_the_one_before_up_to_an_hour(alice):
    for _ in range(4):
        try_in(USER, alice.email)
    waits = []
    for _ in range(9):
        assert try_in(USER, alice.email) == "invalid_credentials"
        with system_scope("test"):
            waits.append(round((AccountLockout.objects.get().locked_until - timezone.now()) / MINUTE))
        assert try_in(USER, alice.email) == "account_locked"
        pass_time(waits[-1] * MINUTE)

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_past_a_day_of_rest_the_count_begins_anew(alice):
    for _ in range(5):
        try_in(USER, alice.email)
    pass_time(lockouts.FORGOTTEN_AFTER + MINUTE)

    assert [try_in(USER, alice.email) for _ in range(6)] == ["invalid_credentials"] * 5 + ["account_locked"]


def test_four_failures_and_a_success_begin_anew(alice):
    for _ in range(3):
        assert [try_in(USER, alice.email) for _ in range(4)] == ["invalid_credentials"] * 4
        assert try_in(USER, alice.email, PASSWORD) == "success"


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_a_thousand_guesses_from_many_addresses_are_compared_five_times(cast, hashed, kind, name):
    account = getattr(cast, name)

    for number in range(1000):
        try_in(kind, account.email, f"guess {number}", address=f"198.51.{number // 250}.{number % 250}")

    assert hashed.count(account.password) == 5
    assert len(hashed) == 1000  # the others took their time on nobody's


@pytest.mark.django_db(transaction=True)
def test_guesses_at_once_are_counted_exactly(cast, hashed):
    barrier = Barrier(10)

    def work(_: int) -> None:
        barrier.wait()
        try:
            for _ in range(10):
                with pytest.raises(InvalidCredentials):
                    signing_in.sign_in(USER, cast.alice.email, password="guess", client=Client("198.51.100.1", "tests"))
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(work, range(10)))

    assert hashed.count(cast.alice.password) == 5


def test_accounts_of_one_address_are_counted_apart_by_kind_and_spellings_together(cast):
    change(AdminUser, cast.ada.pk, email=cast.alice.email)
    spellings = [
        cast.alice.email,
        cast.alice.email.upper(),
        "ａlice@acme.example",
        " Alice@Acme.example",
        "alice@ACME.EXAMPLE",
    ]

    for email in spellings:
        assert try_in(USER, email) == "invalid_credentials"

    assert try_in(USER, cast.alice.email, PASSWORD) == "account_locked"
    assert try_in(ADMIN, cast.alice.email, PASSWORD) == "success"


def states(cast) -> dict[str, str]:
    """Return an address in each state that all answer alike, the locked ones locked."""
    change(User, cast.mallory.pk, is_active=False)
    with system_scope("test"):
        unusable = UserFactory(sub_account=cast.acme, password=make_password(None))
        disabled = UserFactory(sub_account__is_active=False)
    for email in ("locked@nowhere.example", cast.system.email):
        for _ in range(5):
            try_in(USER, email)
    return {
        "unknown": "nobody@nowhere.example",
        "wrong": cast.alice.email,
        "inactive": cast.mallory.email,
        "locked and unknown": "locked@nowhere.example",
        "locked": cast.system.email,
        "without a password": unusable.email,
        "disabled sub-account": disabled.email,
    }


def test_unknown_wrong_inactive_and_locked_answer_alike_after_the_same_statements_and_one_hash(cast, hashed):
    answers, statements, hashes = set(), set(), set()
    known = states(cast)
    for email in known.values():
        hashed.clear()
        body = {
            "email": email,
            "password": PASSWORD if email in (known["inactive"], known["disabled sub-account"]) else "wrong",
        }
        with CaptureQueriesContext(connection) as queries:
            answer = Browser().post("/api/v1/auth/login/", body, content_type="application/json")
        said = [query["sql"] for query in queries]
        shapes = tuple(re.sub(r"s\d+_x\d+", "", sql).partition("(")[0][:60] for sql in said)
        answers.add((answer.status_code, answer.content, tuple(sorted(answer.headers))))
        statements.add(shapes)
        hashes.add(len(hashed))

    assert len(answers) == 1
    assert len(statements) == 1
    assert hashes == {1}


def test_a_lock_tells_not_whether_there_is_an_account(cast):
    for email in (cast.alice.email, "nobody@nowhere.example"):
        assert [try_in(USER, email) for _ in range(6)] == ["invalid_credentials"] * 5 + ["account_locked"]


def test_one_account_is_throttled_and_its_known_devices_apart(alice, settings):
    token = enter(USER, alice.email).device_token
    settings.LOGIN_ACCOUNT_THROTTLE = "3/60"
    for _ in range(3):
        try_in(USER, alice.email)

    with pytest.raises(Throttled):
        enter(USER, alice.email.upper(), address="198.51.100.9")

    assert enter(USER, alice.email, device_token=token).account == alice
