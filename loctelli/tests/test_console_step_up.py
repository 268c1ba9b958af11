"""Secrets and rights change after a step up only: ten minutes, in one session, by code or by password."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import AdminUser
from accounts.tests.authenticator import code_of
from accounts.tests.factories import PASSWORD, AdminUserFactory
from integrations.models import Integration
from loctelli.tests.console_cast import page, signed_in, text
from tenants.models import SubAccountInvitation
from tenants.scope import system_scope

STEP_UP = reverse("console:step_up")
NEW_PASSWORD = "a staple of nine batteries"
REFUSAL = "Confirm that it is you"


@pytest.fixture
def other(cast):
    with system_scope("test"):
        return AdminUserFactory(name="Bo", role="admin", permissions=["crm"])


@pytest.fixture
def console(ada, clock):
    """Ada's session, signed in too long ago."""
    client = signed_in(ada)
    clock.shift(timedelta(minutes=10))
    return client


def step_up(client, **proof):
    return client.post(STEP_UP, proof or {"password": PASSWORD})


def pages_that_ask(rows, cast, other):
    return {
        "a new admin": page("accounts.adminuser", "add"),
        "an admin's password": page("accounts.adminuser", "password", other.pk),
        "an admin's deactivation": reverse("console:accounts_adminuser_do", args=[other.pk, "deactivate"]),
        "an admin's app": reverse("console:accounts_adminuser_second_factor", args=[other.pk]),
        "a user's password": page("accounts.user", "password", cast.alice.pk),
        "a new invitation": page("tenants.subaccountinvitation", "add"),
        "an invitation's password": page("tenants.subaccountinvitation", "password", rows.acme.invitation.pk),
        "a new integration": page("integrations.integration", "add"),
        "one's own app": reverse("console:second_factor"),
    }


def test_pages_that_give_secrets_or_rights_ask_first_and_are_led_back_to(rows, cast, other, console):
    urls = pages_that_ask(rows, cast, other)

    asked = {name: console.get(url) for name, url in urls.items()}
    back = {name: console.post(answer.url, {"password": PASSWORD}).url for name, answer in asked.items()}
    opened = {name: console.get(url).status_code for name, url in urls.items()}

    assert {name: answer.url for name, answer in asked.items()} == {
        name: f"{STEP_UP}?{urlencode({'next': url})}" for name, url in urls.items()
    }
    assert back == urls
    assert set(opened.values()) == {200}


def test_signing_in_is_a_step_up_and_it_holds_for_ten_minutes(rows, cast, other, ada, clock):
    client, url = signed_in(ada), page("accounts.adminuser", "add")

    statuses = [client.get(url).status_code]
    for seconds in (599, 1):
        clock.shift(seconds)
        statuses.append(client.get(url).status_code)

    assert statuses == [200, 200, 302]


def test_it_holds_for_one_session(ada, console, clock):
    elsewhere = signed_in(ada)
    clock.shift(timedelta(minutes=10))
    step_up(console)
    url = page("accounts.adminuser", "add")

    assert (console.get(url).status_code, elsewhere.get(url).status_code) == (200, 302)


def test_a_wrong_password_is_no_step_up(ada, console):
    answer = step_up(console, password="wrong")

    assert "This is not your password." in text(answer)
    assert console.get(page("accounts.adminuser", "add")).status_code == 302


def test_passwords_are_guessed_here_no_more_often_than_at_sign_in(ada, console):
    for _ in range(5):
        step_up(console, password="wrong")

    step_up(console)

    assert console.get(page("accounts.adminuser", "add")).status_code == 302


def test_with_an_app_its_code_is_asked_for_and_the_password_is_not_enough(ada, enrolled, console):
    by_password = step_up(console, password=PASSWORD)
    after_password = console.get(page("accounts.adminuser", "add")).status_code
    step_up(console, code=code_of(enrolled[0]))

    assert "This field is required" in text(by_password)
    assert after_password == 302
    assert console.get(page("accounts.adminuser", "add")).status_code == 200


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil.example"]
)
def test_no_other_site_is_led_to(target, ada, console):
    answer = console.post(f"{STEP_UP}?{urlencode({'next': target})}", {"password": PASSWORD})

    assert (answer.status_code, "evil" in text(answer)) == (200, False)


def test_a_form_that_was_opened_before_is_kept_and_saved_after_the_step_up(rows, ada, other, console):
    url = page("accounts.adminuser", "change", other.pk)
    form = {"name": "Bo Ek", "email": other.email, "is_active": "on", "role": "super_admin", "permissions": ""}

    refused = console.post(url, form)
    with system_scope("test"):
        before = AdminUser.objects.get(pk=other.pk)
    step_up(console)
    console.post(url, form)

    assert REFUSAL in text(refused)
    assert 'value="Bo Ek"' in refused.content.decode()
    with system_scope("test"):
        after = AdminUser.objects.get(pk=other.pk)
    assert [(found.name, found.role) for found in (before, after)] == [("Bo", "admin"), ("Bo Ek", "super_admin")]


def test_what_is_no_secret_and_no_right_is_changed_without(rows, ada, other, console):
    form = {"name": "Bo Ek", "email": other.email, "is_active": "on", "role": "admin", "permissions": "crm"}

    answer = console.post(page("accounts.adminuser", "change", other.pk), form)

    assert answer.status_code == 302
    with system_scope("test"):
        assert AdminUser.objects.get(pk=other.pk).name == "Bo Ek"


@pytest.mark.parametrize(
    "change",
    [
        {"new_webhook_secret": "another-secret"},
        {"remove_webhook_secret": "on"},
        {"config": '{"apiKey": "another-key", "locationId": "loc_1"}'},
        {"config": '{"apiKey": {"set": true}, "locationId": "loc_2"}'},
    ],
    ids=["webhook secret", "no webhook secret", "key", "place"],
)
def test_an_integrations_secrets_take_a_step_up(change, rows, console):
    integration = rows.acme.integration
    url = page("integrations.integration", "change", integration.pk)
    form = {"name": "Renamed", "status": "active", "config": '{"apiKey": {"set": true}, "locationId": "loc_1"}'}

    refused = console.post(url, form | change)
    renamed = console.post(url, form)
    with system_scope("test"):
        between = Integration.objects.get(pk=integration.pk)
        secrets = between.webhook_secret, between.revealed_config
    step_up(console)
    done = console.post(url, form | change)

    assert REFUSAL in text(refused)
    assert (renamed.status_code, done.status_code) == (302, 302)
    assert secrets == ("whsec-of-acme", {"apiKey": "sk-live-of-acme", "locationId": "loc_1"})


def test_a_posted_form_of_a_page_that_asks_first_changes_nothing_without(rows, cast, other, console):
    passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    admin = {"name": "Eve", "email": "eve@x.example", "is_active": "on", "role": "super_admin", "permissions": ""}
    invitation = {"sub_account": cast.acme.pk, "is_active": "on"}
    with system_scope("test"):
        invitations = SubAccountInvitation.objects.count()
    urls = pages_that_ask(rows, cast, other)

    refused = [
        console.post(urls["a new admin"], admin),
        console.post(urls["an admin's password"], passwords),
        console.post(urls["a user's password"], passwords),
        console.post(urls["a new invitation"], invitation),
    ]

    assert [REFUSAL in text(answer) for answer in refused] == [True] * 4
    with system_scope("test"):
        assert not AdminUser.objects.filter(name="Eve").exists()
        assert SubAccountInvitation.objects.count() == invitations
        for account in (other, cast.alice):
            account.refresh_from_db()
    assert other.check_password(PASSWORD)
    assert cast.alice.check_password(PASSWORD)


def test_those_who_may_not_are_refused_and_not_asked(rows, cast, other, clock):
    client = signed_in(other)
    clock.shift(timedelta(minutes=10))

    statuses = {name: client.get(url).status_code for name, url in pages_that_ask(rows, cast, other).items()}

    exceptions = {"one's own app": 302, "an admin's deactivation": 404}
    assert statuses == {name: exceptions.get(name, 403) for name in statuses}


def test_deleting_an_admin_takes_it_on_the_page_and_in_the_list(rows, console, other):
    url, several = page("accounts.adminuser", "delete", other.pk), page("accounts.adminuser", "changelist")
    chosen = {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}

    asked = [console.get(url), console.post(url, {"post": "yes"}), console.post(several, chosen)]
    with system_scope("test"):
        kept = AdminUser.objects.filter(pk=other.pk).exists()
    step_up(console)
    console.post(url, {"post": "yes"})

    assert [answer.url.partition("?")[0] for answer in asked] == [STEP_UP] * 3
    assert kept
    with system_scope("test"):
        assert not AdminUser.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize("changes", [{"role": "super_admin"}, {"permissions": '["accounts"]'}, {"is_active": ""}])
def test_what_an_admin_may_is_changed_after_it_only(rows, console, other, changes):
    form = {"name": "Bo", "email": other.email, "is_active": "on", "role": "admin", "permissions": '["crm"]'}
    form = {name: value for name, value in {**form, **changes}.items() if value}

    refused = console.post(page("accounts.adminuser", "change", other.pk), form)

    assert REFUSAL in text(refused)
    with system_scope("test"):
        same = AdminUser.objects.get(pk=other.pk)
    assert (same.role, same.permissions, same.is_active) == ("admin", ["crm"], True)
