"""Who may do what in the console, and how admins sign in to it."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import AdminUser
from accounts.tests.factories import PASSWORD
from loctelli.tests.console_cast import LABELS, a_row_of, limited_admin, page, signed_in, text
from security.models import AccountLockout, AuditEntry
from tenants.scope import system_scope

NEW_PASSWORD = "a staple of nine batteries"


def statuses(client, label):
    with system_scope("test"):
        key = a_row_of(label).pk
    return {
        "list": client.get(page(label, "changelist")).status_code,
        "add": client.get(page(label, "add")).status_code,
        "open": client.get(page(label, "change", key)).status_code,
        "save": client.post(page(label, "change", key), {}).status_code,
        "delete": client.get(page(label, "delete", key)).status_code,
        "history": client.get(page(label, "history", key)).status_code,
    }


@pytest.mark.parametrize(
    ("permissions", "allowed"),
    [
        ([], set()),
        (["crm.view_lead"], {"list", "open", "history"}),
        (["crm.change_lead"], {"list", "open", "save", "history"}),
        (["crm.add_lead"], set()),
        (["crm.add_lead", "tenants.view_subaccount", "accounts.view_user", "agents.view_strategy"], {"add"}),
        (["crm.delete_lead"], {"delete"}),
        (["crm.lead"], {"list", "open", "save", "delete", "history"}),
        (["crm", "tenants", "accounts", "agents"], {"list", "add", "open", "save", "delete", "history"}),
        (["crm.booking", "agents", "accounts"], set()),
    ],
)
def test_an_admin_may_do_what_the_permissions_grant_and_nothing_else(permissions, allowed, rows):
    client = signed_in(limited_admin(*permissions))

    found = statuses(client, "crm.lead")

    assert {name for name, status in found.items() if status == 200} == allowed
    assert {name for name, status in found.items() if status == 403} == set(found) - allowed


@pytest.mark.parametrize("label", LABELS)
def test_without_permissions_there_is_no_link_and_no_way_in(label, rows):
    client = signed_in(limited_admin())

    index = client.get(reverse("console:index"))

    assert page(label, "changelist") not in index.content.decode()
    assert set(statuses(client, label).values()) == {403}


def test_a_link_appears_with_the_permission(rows):
    client = signed_in(limited_admin("crm.view_lead"))

    index = client.get(reverse("console:index")).content.decode()

    assert [label for label in LABELS if page(label, "changelist") in index] == ["crm.lead"]


def test_autocomplete_offers_only_what_one_may_see(rows):
    client = signed_in(limited_admin("crm.lead"))
    query = {"app_label": "crm", "model_name": "lead", "field_name": "regular_user"}

    assert client.get(reverse("console:autocomplete"), query).status_code == 403


def test_only_super_admins_see_and_change_the_rights_of_admins(cast):
    curious = limited_admin("accounts")
    client = signed_in(curious)

    own_page = text(client.get(page("accounts.adminuser", "change", cast.ada.pk)))
    listed = text(client.get(page("accounts.adminuser", "changelist")))
    grab = client.post(page("accounts.adminuser", "change", curious.pk), {"role": "super_admin"})
    probe = client.get(page("accounts.adminuser", "changelist") + "?role__exact=super_admin")
    steal = client.get(reverse("console:accounts_adminuser_password", args=[cast.ada.pk]))

    assert "ada@loctelli.example" in own_page
    assert "super_admin" not in own_page.lower().replace(" ", "_")
    assert "Super Admin" not in listed
    assert (grab.status_code, probe.status_code, steal.status_code) == (403, 400, 403)


def test_nobody_takes_their_own_rights_or_account_away(cast, ada):
    client = signed_in(ada)
    url = page("accounts.adminuser", "change", ada.pk)

    demoted = client.post(url, {"name": "Ada", "email": ada.email, "role": "admin", "permissions": ""})
    deleted = client.post(page("accounts.adminuser", "delete", ada.pk), {"post": "yes"})

    assert "take away your own rights" in text(demoted)
    assert "delete your own account" in text(deleted)
    with system_scope("test"):
        assert AdminUser.objects.get(pk=ada.pk).is_superuser


def test_permissions_are_checked_against_what_exists(cast, ada):
    form = {
        "name": "Bo",
        "email": "bo@loctelli.example",
        "is_active": "on",
        "role": "admin",
        "permissions": '["crm.x"]',
    }

    response = signed_in(ada).post(page("accounts.adminuser", "add"), form)

    assert "is no permission, model or app" in text(response)


def test_an_action_on_a_log_needs_the_permission_to_change_it(rows):
    keys = {"action": "unlock", "_selected_action": [rows.acme.lockout.pk]}
    url = page("security.accountlockout", "changelist")

    signed_in(limited_admin("security.view_accountlockout")).post(url, keys)
    with system_scope("test"):
        assert AccountLockout.objects.get(pk=rows.acme.lockout.pk).failed_attempts == 5

    signed_in(limited_admin("security.change_accountlockout")).post(url, keys)
    with system_scope("test"):
        assert AccountLockout.objects.get(pk=rows.acme.lockout.pk).failed_attempts == 0


def test_an_admin_signs_in_by_address_and_password_and_out_again(cast, ada):
    client, login = Client(), reverse("console:login")

    wrong = client.post(login, {"username": ada.email, "password": "wrong"})
    right = client.post(login, {"username": " ADA@loctelli.example ", "password": PASSWORD})
    inside = client.get(reverse("console:index"))
    client.post(reverse("console:logout"))
    outside = client.get(reverse("console:index"))

    assert (wrong.status_code, right.status_code, inside.status_code, outside.status_code) == (200, 302, 200, 302)
    assert outside.url.startswith(login)


def test_tenant_users_do_not_sign_in_here(cast, alice):
    response = Client().post(reverse("console:login"), {"username": alice.email, "password": PASSWORD})

    assert response.status_code == 200
    assert not response.wsgi_request.user.is_authenticated


@pytest.mark.parametrize("username", ["\x00", "a\x00@b.example", "x" * 100_000, "\ud800"])
def test_a_malformed_address_is_no_error_of_the_server(username, cast):
    data = {"username": username.encode(errors="replace").decode(), "password": "\x00"}

    assert Client().post(reverse("console:login"), data).status_code == 200


def test_too_many_tries_from_one_address_are_refused_with_a_wait(cast, ada, settings):
    settings.LOGIN_THROTTLE = "2/60"
    login = reverse("console:login")

    answers = [Client(REMOTE_ADDR="198.51.100.7").post(login, {"username": "x", "password": "y"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["Retry-After"]) > 0


def test_a_stranger_has_no_permission_and_no_endless_loop(cast):
    assert not AnonymousUser().has_perm("crm.view_lead")


@pytest.fixture
def hashed_in_transactions(monkeypatch):
    """Note for each password hashed whether a transaction was open (besides the test's own)."""
    from accounts.hashers import Argon2PasswordHasher

    seen, encode, verify = [], Argon2PasswordHasher.encode, Argon2PasswordHasher.verify

    def note():
        seen.append(any(not block._from_testcase for block in connection.atomic_blocks))

    monkeypatch.setattr(Argon2PasswordHasher, "encode", lambda *args: (note(), encode(*args))[1])
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda *args: (note(), verify(*args))[1])
    return seen


def test_ones_own_password_is_changed_without_a_transaction_around_the_hash(cast, ada, hashed_in_transactions):
    client, url = signed_in(ada), reverse("console:password_change")

    short = client.post(url, {"old_password": PASSWORD, "new_password1": "Kq7!xw2", "new_password2": "Kq7!xw2"})
    changed = client.post(url, {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})

    assert "it needs 12 characters" in text(short)
    assert changed.status_code == 302
    assert client.get(reverse("console:index")).status_code == 200
    assert hashed_in_transactions != []
    assert not any(hashed_in_transactions)
    with system_scope("test"):
        ada.refresh_from_db()
    assert ada.check_password(NEW_PASSWORD)


def test_a_users_password_is_set_on_its_own_page_and_never_shown(cast, ada, hashed_in_transactions):
    client, url = signed_in(ada), reverse("console:accounts_user_password", args=[cast.alice.pk])

    shown = client.get(url)
    differing = client.post(url, {"password1": NEW_PASSWORD, "password2": "something else"})
    common = client.post(url, {"password1": "password123", "password2": "password123"})
    done = client.post(url, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}, follow=True)

    assert shown.status_code == 200
    assert "argon2" not in shown.content.decode()
    assert "The two passwords differ." in text(differing)
    assert "too common" in text(common)
    assert "The password of Alice was changed." in text(done)
    assert NEW_PASSWORD not in done.content.decode()
    # Compared with the old one, then hashed.
    assert hashed_in_transactions == [False, False]
    with system_scope("test"):
        cast.alice.refresh_from_db()
    assert cast.alice.check_password(NEW_PASSWORD)


def test_a_new_user_can_not_sign_in_before_a_password_is_set(cast, ada):
    form = {"sub_account": cast.acme.pk, "name": "Bo", "email": "bo@acme.example", "role": "user", "is_active": "on"}
    form |= {"booking_enabled": 1, "timezone": "Europe/Berlin"}

    response = signed_in(ada).post(page("accounts.user", "add"), form)

    with system_scope("test"):
        bo = cast.alice.__class__.objects.get(email="bo@acme.example")
    assert response.url == reverse("console:accounts_user_password", args=[bo.pk])
    assert not bo.has_usable_password()
    assert bo.created_by_admin_id == ada.pk


TICKED = re.compile(r'value="([a-z]+\.[a-z]+_[a-z]+)" aria-label="[^"]+" checked')


def test_an_admins_permissions_are_a_table_of_ticks(cast, ada):
    bo = limited_admin("crm.view_lead", "agents.strategy")
    client, url = signed_in(ada), page("accounts.adminuser", "change", bo.pk)
    chosen = ["crm.view_lead", "crm.change_lead", "security.view_authattempt"]

    shown = client.get(url).content.decode()
    client.post(url, {"name": "Bo", "email": bo.email, "is_active": "on", "role": "admin", "permissions": chosen})

    assert sorted(TICKED.findall(shown)) == [
        "agents.add_strategy",
        "agents.change_strategy",
        "agents.delete_strategy",
        "agents.view_strategy",
        "crm.view_lead",
    ]
    assert 'aria-label="Leads: Change"' in shown
    assert "accounts.change_adminuser" not in shown
    assert "security.add_authattempt" not in shown
    with system_scope("test"):
        bo.refresh_from_db()
    assert bo.permissions == ["crm.change_lead", "crm.view_lead", "security.view_authattempt"]


def test_saving_an_admin_keeps_what_whole_models_and_apps_were_granted(cast, ada):
    bo = limited_admin("crm", "agents.strategy")
    client, url = signed_in(ada), page("accounts.adminuser", "change", bo.pk)
    ticked = TICKED.findall(client.get(url).content.decode())
    form = {"name": "Bo Renamed", "email": bo.email, "is_active": "on", "role": "admin", "permissions": ticked}

    client.post(url, form)

    with system_scope("test"):
        bo.refresh_from_db()
    assert (bo.name, bo.permissions) == ("Bo Renamed", ["crm", "agents.strategy"])


def test_every_look_at_a_conversation_is_recorded(rows, cast, ada):
    client = signed_in(ada)
    url = reverse("console:crm_lead_conversation", args=[rows.acme.lead.pk])

    client.get(url)
    client.get(url)

    with system_scope("test"):
        looks = AuditEntry.objects.filter(action="view", model="crm.lead", object_id=str(rows.acme.lead.pk))
        told = list(looks.values_list("actor_type", "actor_name", "sub_account_id"))
    assert told == [("admin", "Ada", cast.acme.pk)] * 2
    assert "View Ada" in text(client.get(page("crm.lead", "history", rows.acme.lead.pk)))
