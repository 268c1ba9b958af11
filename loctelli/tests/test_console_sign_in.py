"""Signing in to the console: the API's own way for the password, then the authenticator app, and how sessions end."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
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
from accounts.password_changes import change_password, require_password_change
from accounts.sessions import hash_key
from accounts.tests.authenticator import code_of, enrol
from accounts.tests.factories import PASSWORD, AdminUserFactory
from loctelli.tests.console_cast import page, signed_in, text
from security import platform_secrets
from security.models import AccountLockout, AuthAttempt, ConsoleSession, SecondFactor
from tenants.scope import system_scope

LOGIN, CODE, INDEX = (reverse(f"console:{name}") for name in ("login", "login_code", "index"))
APP = reverse("console:second_factor")


def give_password(client: Client, admin, password: str = PASSWORD):
    return client.post(LOGIN, {"username": admin.email, "password": password})


def is_inside(client: Client) -> bool:
    return client.get(INDEX).status_code == 200


def attempts() -> list[tuple]:
    with system_scope("test"):
        rows = AuthAttempt.objects.order_by("created_at", "id")
        return list(rows.values_list("email", "account_type", "success", "failure_reason"))


# The password


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


# The authenticator app


def test_with_an_app_the_password_alone_opens_nothing(ada, enrolled):
    client = Client()

    answer = give_password(client, ada)

    assert answer.url.startswith(CODE)
    assert not is_inside(client)


def test_password_and_code_open_the_page_that_was_asked_for(ada, enrolled):
    client = Client()
    wanted = page("crm.lead", "changelist")

    first = client.post(f"{LOGIN}?next={wanted}", {"username": ada.email, "password": PASSWORD})
    second = client.post(first.url, {"code": code_of(enrolled[0])})

    assert second.url == wanted
    assert is_inside(client)


def test_no_other_site_is_led_to(ada, enrolled):
    client = Client()

    first = client.post(f"{LOGIN}?next=https://evil.example/", {"username": ada.email, "password": PASSWORD})
    second = client.post(f"{CODE}?next=https://evil.example/", {"code": code_of(enrolled[0])})

    assert "evil" not in first.url
    assert second.url == INDEX


def test_a_wrong_code_is_refused_and_recorded(ada, enrolled):
    client = Client()
    give_password(client, ada)

    answer = client.post(CODE, {"code": code_of(enrolled[0], steps=9)})

    assert "This code is wrong" in text(answer)
    assert not is_inside(client)
    assert attempts()[-1] == (ada.email, "admin", False, "invalid_credentials")


def test_a_recovery_code_lets_in_once(ada, enrolled):
    insides = []
    for _ in range(2):
        client = Client()
        give_password(client, ada)
        client.post(CODE, {"code": enrolled[1][0]})
        insides.append(is_inside(client))

    assert insides == [True, False]


def test_an_app_whose_secret_can_not_be_read_is_told_of_and_a_recovery_code_lets_in(ada, enrolled):
    with system_scope("test"):
        SecondFactor.objects.update(secret=platform_secrets.seal("x", table="other", column="secret", row_id=1))
    client = Client()
    give_password(client, ada)

    answer = client.post(CODE, {"code": code_of(enrolled[0])})
    client.post(CODE, {"code": enrolled[1][0]})

    assert (answer.status_code, "let a super admin reset the app" in text(answer)) == (200, True)
    assert is_inside(client)


def test_codes_can_not_be_guessed_on(ada, enrolled, settings):
    settings.SECOND_FACTOR_THROTTLE, settings.LOGIN_THROTTLE = "3/3600", "100/60"
    client = Client()
    give_password(client, ada)
    for _ in range(3):
        client.post(CODE, {"code": "000000"})

    answer = client.post(CODE, {"code": code_of(enrolled[0])})

    assert "Too many requests" in text(answer)
    assert not is_inside(client)


@pytest.mark.parametrize("change", ["deactivated", "other password", "too late", "no password"])
def test_the_code_is_taken_only_of_whom_the_password_was(change, ada, enrolled, clock):
    client = Client()
    if change != "no password":
        give_password(client, ada)
    if change == "too late":
        clock.shift(timedelta(minutes=11))
    with system_scope("test"):
        if change == "deactivated":
            ada.is_active = False
            ada.save()
    if change == "other password":
        change_password(ada, "a staple of nine batteries")

    answer = client.post(CODE, {"code": code_of(enrolled[0])})

    assert (answer.status_code, answer.url) == (302, LOGIN)
    assert not is_inside(client)


@pytest.mark.parametrize(("environment", "required"), [("production", "True"), ("development", "False")])
def test_an_app_is_required_in_production(environment, required):
    variables = {
        "DJANGO_ENV": environment,
        "DJANGO_SETTINGS_MODULE": "loctelli.settings",
        "ALLOWED_HOSTS": "x.example",
        "DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c",
        "DATABASE_OWNER_URL": "postgresql://o:b@127.0.0.1:1/c",
    }
    asked = "from django.conf import settings; print(settings.CONSOLE_REQUIRE_TOTP)"

    answer = subprocess.run(
        [sys.executable, "-c", asked],
        env=os.environ | variables,
        cwd=site_settings.BASE_DIR,
        capture_output=True,
        text=True,
    )

    assert (answer.stdout.strip(), answer.returncode) == (required, 0)


def test_where_it_is_required_nothing_opens_before_an_app_is_set_up(ada, settings, clock):
    settings.CONSOLE_REQUIRE_TOTP = True
    client = Client()
    give_password(client, ada)
    urls = [INDEX, page("crm.lead", "changelist"), page("accounts.adminuser", "add"), reverse("console:search")]

    before = [client.get(url) for url in urls]
    shown = client.get(APP)
    with system_scope("test"):
        is_set_up = SecondFactor.objects.filter(confirmed_at__isnull=False).exists()

    assert [(answer.status_code, answer.headers.get("Location")) for answer in before] == [(302, APP)] * 4
    assert (shown.status_code, is_set_up) == (200, False)
    assert "<svg" in shown.content.decode()

    secret = shown.context["secret"].replace(" ", "")
    done = client.post(APP, {"code": code_of(secret)})
    assert len(done.context["codes"]) == 10
    assert is_inside(client)


def test_the_page_of_the_app_is_never_kept_by_the_browser(ada):
    assert "no-store" in signed_in(ada).get(APP).headers["Cache-Control"]


def test_setting_up_an_app_ends_ones_other_sessions(ada, clock):
    here, elsewhere = signed_in(ada), signed_in(ada)
    secret = here.get(APP).context["secret"].replace(" ", "")

    here.post(APP, {"code": code_of(secret)})

    assert (is_inside(here), is_inside(elsewhere)) == (True, False)


def test_an_app_is_forgotten_by_its_owner_after_a_step_up(ada, enrolled, clock):
    client = signed_in(ada)
    clock.shift(timedelta(minutes=11))
    refused = client.post(APP, {"remove": "1"})
    stepped_up = client.post(refused.url, {"code": code_of(enrolled[0])})
    client.post(APP, {"remove": "1"})

    assert refused.url.startswith(reverse("console:step_up"))
    assert stepped_up.url == APP
    with system_scope("test"):
        assert not SecondFactor.objects.exists()


def test_a_super_admin_resets_the_app_of_another_and_it_is_recorded(ada, clock):
    with system_scope("test"):
        bo = AdminUserFactory(name="Bo")
    enrol(bo)
    theirs = signed_in(bo)
    url = reverse("console:accounts_adminuser_second_factor", args=[bo.pk])
    shown = signed_in(ada).get(page("accounts.adminuser", "change", bo.pk)).content.decode()

    answer = signed_in(ada).post(url, follow=True)

    assert "../second-factor/" in shown
    assert "until an app is set up again" in text(answer)
    assert not is_inside(theirs)
    history = text(signed_in(ada).get(page("accounts.adminuser", "history", bo.pk)))
    assert "Reset the authenticator app" in history
    with system_scope("test"):
        assert not SecondFactor.objects.exists()


def test_nobody_else_resets_an_app_and_nobody_their_own_there(ada, enrolled):
    with system_scope("test"):
        other = AdminUserFactory(role="admin", permissions=["accounts"])
    url = reverse("console:accounts_adminuser_second_factor", args=[ada.pk])

    assert signed_in(other).post(url).status_code == 403
    assert signed_in(ada).post(url).status_code == 403
    with system_scope("test"):
        assert SecondFactor.objects.exists()


# Sessions


def test_the_sessions_key_changes_with_signing_in_and_is_stored_as_a_hash(ada):
    client = Client()
    client.get(LOGIN)
    session = client.session
    session["seen"] = True
    session.save()
    client.cookies["loctelli_session"] = session.session_key
    before = session.session_key

    give_password(client, ada)

    after = client.cookies["loctelli_session"].value
    assert after != before
    with system_scope("test"):
        keys = list(ConsoleSession.objects.values_list("session_key", flat=True))
    assert keys == [hash_key(after)]


def test_a_session_ends_when_it_is_not_used(ada, clock):
    client = signed_in(ada)
    used = []
    for _ in range(3):
        clock.shift(timedelta(minutes=29))
        used.append(is_inside(client))
    clock.shift(timedelta(minutes=31))

    assert used == [True, True, True]
    assert not is_inside(client)


def test_a_session_ends_in_the_end_however_much_it_is_used(ada, clock):
    client = signed_in(ada)
    inside = []
    for _ in range(25):
        clock.shift(timedelta(minutes=29))
        client.post(page("crm.lead", "changelist"), {"action": "none"})  # which writes a message into the session
        inside.append(is_inside(client))

    assert inside == [True] * 24 + [False]


@pytest.mark.parametrize("change", ["deactivated", "other password", "deleted"])
def test_a_session_ends_with_what_it_stands_on(change, ada):
    with system_scope("test"):
        bo = AdminUserFactory()
    client = signed_in(bo)
    before = is_inside(client)

    if change == "other password":
        change_password(bo, "a staple of nine batteries")
    with system_scope("test"):
        if change == "deactivated":
            bo.is_active = False
            bo.save()
        if change == "deleted":
            bo.delete()

    assert (before, is_inside(client)) == (True, False)


def test_sessions_are_listed_with_whose_and_where_and_ended(ada):
    with system_scope("test"):
        bo = AdminUserFactory(name="Bo Ek")
    theirs = Client(HTTP_USER_AGENT="Netscape 4", REMOTE_ADDR="198.51.100.9")
    give_password(theirs, bo)
    mine = signed_in(ada)
    url = page("security.consolesession", "changelist")

    listed = text(mine.get(url))
    with system_scope("test"):
        row = ConsoleSession.objects.get(admin=bo)
    mine.post(url, {"action": "end_sessions", "_selected_action": [row.pk]})

    assert [word for word in ("Bo Ek", "Netscape 4", "198.51.100.9") if word not in listed] == []
    assert (is_inside(theirs), is_inside(mine)) == (False, True)


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


# Nobody becomes somebody else


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
