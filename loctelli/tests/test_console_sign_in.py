"""Signing in to the console: the API's own way for the password, and nobody becomes somebody else."""

from datetime import timedelta

from django.conf import settings as site_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.devices import DEVICE_LIFETIME
from accounts.hashers import Argon2PasswordHasher
from accounts.jobs import mail_new_device
from accounts.password_changes import require_password_change
from accounts.tests.factories import PASSWORD, AdminUserFactory
from loctelli.tests.console_cast import page, signed_in, text
from loctelli.tests.console_sign_in import INDEX, LOGIN, attempts, give_password, is_inside
from security.models import AccountLockout
from tenants.scope import system_scope


def test_every_try_is_recorded_and_five_wrong_ones_lock_the_account(ada):
    answers = [give_password(Client(), ada, "wrong") for _ in range(5)]

    locked = Client()
    give_password(locked, ada)

    assert {answer.status_code for answer in answers} == {200}
    assert not is_inside(locked)
    assert attempts()[-1] == (ada.email, "admin", False, "account_locked")
    assert attempts()[:5] == [(ada.email, "admin", False, "invalid_credentials")] * 5


def test_unknown_wrong_inactive_and_locked_are_answered_alike(ada):
    with system_scope("test"):
        inactive = AdminUserFactory(is_active=False)
        locked = AdminUserFactory()
        AccountLockout.objects.create(
            email=locked.email,
            account_type="admin",
            failed_attempts=5,
            locked_until=timezone.now() + timedelta(hours=1),
        )
    tries = {"nobody@x.example": "wrong", ada.email: "wrong", inactive.email: PASSWORD, locked.email: PASSWORD}

    said = {text(Client().post(LOGIN, {"username": email, "password": raw})) for email, raw in tries.items()}

    assert len(said) == 1


def test_a_refusal_costs_the_same_hashes_and_statements_whatever_its_reason(ada, monkeypatch):
    hashed, verify = [], Argon2PasswordHasher.verify
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda *args: (hashed.append(1), verify(*args))[1])
    with system_scope("test"):
        inactive = AdminUserFactory(is_active=False)
        locked = AdminUserFactory()
        until = timezone.now() + timedelta(hours=1)
        AccountLockout.objects.create(email=locked.email, account_type="admin", failed_attempts=5, locked_until=until)
    tries = {"nobody@x.example": "wrong", ada.email: "wrong", inactive.email: PASSWORD, locked.email: PASSWORD}
    give_password(Client(), ada, "wrong")  # makes nobody's hash, once a process
    costs = set()

    for email, password in tries.items():
        hashed.clear()
        with CaptureQueriesContext(connection) as queries:
            Client().post(LOGIN, {"username": email, "password": password})
        costs.add((len(hashed), len(queries)))

    assert len(costs) == 1
    assert costs.pop()[0] == 1


def test_a_new_device_is_told_to_the_accounts_owner(ada):
    for user_agent in ("Netscape 4", "Netscape 4", "Mosaic"):
        give_password(Client(HTTP_USER_AGENT=user_agent), ada)

    with system_scope("test"):
        told = ProcrastinateJob.objects.filter(task_name=mail_new_device.name).count()
    assert told == 1


def test_the_browser_keeps_its_device_known_and_no_script_reads_it(ada):
    client = Client()
    give_password(client, ada)

    cookie = client.cookies["loctelli_device"]

    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == (INDEX, "Lax", True)
    assert cookie["max-age"] == DEVICE_LIFETIME.total_seconds()
    assert bool(cookie["secure"]) == site_settings.SESSION_COOKIE_SECURE


def test_strangers_guesses_lock_nobody_out_of_a_known_device(ada):
    client = Client()
    give_password(client, ada)
    client.post(reverse("console:logout"))
    for _ in range(6):
        give_password(Client(), ada, "wrong")

    give_password(client, ada)

    assert is_inside(client)


def test_a_password_that_must_be_changed_comes_before_everything_else(ada):
    require_password_change(ada)
    client = Client()
    give_password(client, ada)
    change = reverse("console:password_change")

    before = client.get(page("crm.lead", "changelist"))
    new = "a staple of nine batteries"
    client.post(change, {"old_password": PASSWORD, "new_password1": new, "new_password2": new})

    assert before.url == change
    assert is_inside(client)


def test_a_password_of_ones_own_is_not_taken_again(ada):
    answer = signed_in(ada).post(
        reverse("console:password_change"),
        {"old_password": PASSWORD, "new_password1": PASSWORD, "new_password2": PASSWORD},
    )

    assert "last 10 passwords" in text(answer)


def test_no_address_of_the_console_lets_an_admin_act_as_somebody_else():
    def names(patterns):
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from names(pattern.url_patterns)
            elif isinstance(pattern, URLPattern):
                yield f"{pattern.pattern} {pattern.name}"

    found = [name for name in names(get_resolver().url_patterns) if "imperson" in name or "login_as" in name]

    assert found == []


def test_a_session_of_the_console_is_none_of_the_apis(ada):
    assert signed_in(ada).get("/api/v1/me/").status_code == 401
