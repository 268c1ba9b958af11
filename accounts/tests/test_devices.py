"""Known devices, for both kinds of account: strangers lock nobody out, and new ones are told by mail."""

import pytest
from django.core import mail
from django.test import Client as Browser
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import jobs
from accounts.devices import DEVICE_LIFETIME
from accounts.models import AdminUser
from accounts.tests.factories import PASSWORD
from accounts.tests.sign_in_cast import ADMIN, KINDS, USER, change, enter, try_in
from security.models import KnownDevice
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patient(settings):
    settings.LOGIN_THROTTLE = settings.LOGIN_ACCOUNT_THROTTLE = "1000000/60"


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


def test_a_device_that_was_not_used_for_a_year_is_a_stranger_s_again(alice):
    token = enter(USER, alice.email).device_token
    with system_scope("test"):
        KnownDevice.objects.update(last_used_at=timezone.now() - DEVICE_LIFETIME)
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
