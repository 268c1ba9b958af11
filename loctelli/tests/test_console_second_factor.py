"""The authenticator app of the console's admins: where it is asked for, set up, lost and reset."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings as site_settings
from django.test import Client
from django.urls import reverse

from accounts.password_changes import change_password
from accounts.tests.authenticator import code_of, enrol
from accounts.tests.factories import PASSWORD, AdminUserFactory
from loctelli.tests.console_cast import page, signed_in, text
from loctelli.tests.console_sign_in import CODE, INDEX, LOGIN, attempts, give_password, is_inside
from security import platform_secrets
from security.models import SecondFactor
from tenants.scope import system_scope

APP = reverse("console:second_factor")


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

    assert url in shown
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
