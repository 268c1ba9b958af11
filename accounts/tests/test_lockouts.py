"""Lockouts, devices and the record of attempts, for both kinds of account: guesses are few, and owners get in."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import jobs, lockouts, signing_in
from accounts.devices import Client
from accounts.hashers import Argon2PasswordHasher
from accounts.models import AdminUser, User
from accounts.signing_in import InvalidCredentials
from accounts.tests.factories import PASSWORD
from security.choices import AccountType
from security.models import AccountLockout, AuthAttempt, KnownDevice
from security.throttling import Throttled
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db

USER, ADMIN = AccountType.USER, AccountType.ADMIN
KINDS = [(USER, "alice"), (ADMIN, "ada")]
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _patient(settings):
    settings.LOGIN_THROTTLE = settings.LOGIN_ACCOUNT_THROTTLE = "1000000/60"


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


# Lockouts.


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


# Known devices.


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_strangers_lock_nobody_out_of_a_device_that_is_known(cast, kind, name):
    email = getattr(cast, name).email
    token = enter(kind, email).device_token
    for _ in range(50):
        try_in(kind, email)

    assert try_in(kind, email, PASSWORD) == "account_locked"
    assert try_in(kind, email, PASSWORD, device_token=token) == "success"
    # Which unlocks nothing for the strangers.
    assert try_in(kind, email, PASSWORD) == "account_locked"


def test_a_known_device_is_locked_by_its_own_failures_alone(alice):
    token, other = enter(USER, alice.email).device_token, enter(USER, alice.email).device_token

    failures = [try_in(USER, alice.email, device_token=token) for _ in range(6)]

    assert failures == ["invalid_credentials"] * 5 + ["account_locked"]
    assert try_in(USER, alice.email, PASSWORD, device_token=token) == "account_locked"
    assert try_in(USER, alice.email, PASSWORD, device_token=other) == "success"
    assert try_in(USER, alice.email, PASSWORD) == "success"


def test_a_device_of_another_account_or_kind_is_a_stranger_s(cast):
    change(AdminUser, cast.ada.pk, email="mallory@globex.example")
    strangers = [
        enter(USER, cast.mallory.email).device_token,
        enter(ADMIN, "mallory@globex.example").device_token,
        enter(USER, cast.alice.email).device_token[:-1] + "x",
        "nonsense",
        "a.b.c:d",
    ]
    for _ in range(5):
        try_in(USER, cast.alice.email)

    assert [try_in(USER, cast.alice.email, PASSWORD, device_token=token) for token in strangers] == [
        "account_locked"
    ] * len(strangers)


def test_a_device_token_is_signed_and_says_nothing_that_opens_anything(alice, settings):
    token = enter(USER, alice.email).device_token
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key, long enough for this " * 2, [settings.SECRET_KEY]

    assert enter(USER, alice.email, device_token=token, user_agent="renamed").is_new_device is False
    settings.SECRET_KEY_FALLBACKS = []
    for _ in range(5):
        try_in(USER, alice.email)
    assert try_in(USER, alice.email, PASSWORD, device_token=token) == "account_locked"


def test_the_api_answers_with_a_device_token_and_takes_it(alice):
    def post(password: str, **body):
        body = {"email": alice.email, "password": password, **body}
        return Browser().post("/api/v1/auth/login/", body, content_type="application/json")

    token = post(PASSWORD).json()["device_token"]
    for _ in range(5):
        post("wrong")

    assert (post(PASSWORD).status_code, post(PASSWORD, device_token=token).status_code) == (401, 200)


# Answers tell nothing.


def states(cast) -> dict[str, str]:
    """Return an address in each state that all answer alike, the locked ones locked."""
    change(User, cast.mallory.pk, is_active=False)
    for email in ("locked@nowhere.example", cast.system.email):
        for _ in range(5):
            try_in(USER, email)
    return {
        "unknown": "nobody@nowhere.example",
        "wrong": cast.alice.email,
        "inactive": cast.mallory.email,
        "locked and unknown": "locked@nowhere.example",
        "locked": cast.system.email,
    }


def test_unknown_wrong_inactive_and_locked_answer_alike_after_the_same_statements_and_one_hash(cast, hashed):
    answers, statements, hashes = set(), set(), set()
    for email in states(cast).values():
        hashed.clear()
        body = {"email": email, "password": PASSWORD if email == cast.mallory.email else "wrong"}
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


# The record.


def test_every_attempt_is_recorded_with_its_reason(cast):
    change(User, cast.mallory.pk, is_active=False)
    for _ in range(5):
        try_in(USER, cast.alice.email)
    try_in(USER, cast.alice.email, PASSWORD)
    try_in(USER, cast.mallory.email, PASSWORD)
    enter(ADMIN, cast.ada.email)

    with system_scope("test"):
        found = list(
            AuthAttempt.objects.order_by("created_at").values_list("account_type", "success", "failure_reason")
        )
    assert found == [
        *[("user", False, "invalid_credentials")] * 5,
        ("user", False, "account_locked"),
        ("user", False, "account_inactive"),
        ("admin", True, None),
    ]


@pytest.mark.parametrize(
    ("address", "is_new"),
    [
        ("203.0.113.250", False),
        ("203.0.114.7", True),
        ("2001:db8:1:ffff::1", False),
        ("2001:db8:2::1", True),
        ("unknown", True),
    ],
)
def test_a_place_is_new_in_another_network(alice, address, is_new):
    enter(USER, alice.email, address="203.0.113.7")
    enter(USER, alice.email, address="2001:db8:1::1")

    assert enter(USER, alice.email, address=address).is_new_location == is_new
    assert latest().is_new_location == is_new


def test_a_city_that_is_known_is_no_new_place(alice, monkeypatch):
    cities = {"203.0.113.7": "Springfield", "198.51.100.1": "Springfield", "192.0.2.1": "Shelbyville"}
    monkeypatch.setattr(signing_in, "locate", lambda address: {"city": cities[address], "country_code": "US"})
    enter(USER, alice.email, address="203.0.113.7")

    assert enter(USER, alice.email, address="198.51.100.1").is_new_location is False
    assert enter(USER, alice.email, address="192.0.2.1").is_new_location is True
    assert latest().geo_location == {"city": "Shelbyville", "country_code": "US"}


def test_a_device_is_new_without_a_token_and_with_another_user_agent(alice):
    token = enter(USER, alice.email, user_agent="Firefox").device_token

    assert enter(USER, alice.email, user_agent="Firefox").is_new_device is False
    assert enter(USER, alice.email, user_agent="Chrome", device_token=token).is_new_device is False
    assert enter(USER, alice.email, user_agent="Safari").is_new_device is True


def test_failures_are_compared_with_past_successes_too(alice):
    enter(USER, alice.email)

    try_in(USER, alice.email, address="192.0.2.1", user_agent="evil")

    assert (latest().is_new_device, latest().is_new_location) == (True, True)


# Notices.


def mails() -> list[str]:
    """Do what the worker does with the notices that wait; return what was mailed."""
    with system_scope("test"):
        waiting = list(ProcrastinateJob.objects.filter(task_name="accounts.mail_new_device").order_by("id"))
    for job in waiting:
        jobs.mail_new_device.func(**job.args)
    return [f"{message.to[0]} {message.body}" for message in mail.outbox]


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_a_new_device_is_told_by_mail_but_not_the_first_one_nor_a_known_one(cast, kind, name):
    account = getattr(cast, name)
    token = enter(kind, account.email, user_agent="Firefox").device_token
    enter(kind, account.email, user_agent="Firefox 2", device_token=token)
    try_in(kind, account.email, user_agent="a stranger's")

    assert mails() == []
    enter(kind, account.email, user_agent="Safari", address="192.0.2.1")
    (text,) = mails()
    assert text.startswith(account.email)
    assert "192.0.2.1" in text
    assert "Safari" in text
