"""In the console, too, a sub-account keeps an active admin unless somebody says that it needn't."""

import re

import pytest
from django.test import Client

from accounts.choices import UserRole
from accounts.models import User
from accounts.tests.factories import UserFactory
from loctelli.tests.console_cast import page, signed_in, text
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db

LABEL = "accounts.user"


@pytest.fixture
def console(cast) -> Client:
    with system_scope("test"):
        cast.acme_strategy.delete()
    return signed_in(cast.ada)


def found(user: User) -> User | None:
    with system_scope("test"):
        return User.objects.filter(pk=user.pk).first()


def save(console: Client, user: User, **changes):
    form = {
        "sub_account": user.sub_account_id,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "is_active": "on",
        "booking_enabled": 1,
        "timezone": user.timezone,
    }
    form = {name: value for name, value in {**form, **changes}.items() if value is not None}
    return console.post(page(LABEL, "change", user.pk), form)


@pytest.mark.parametrize("changes", [{"role": "user"}, {"is_active": None}, {"sub_account": "globex"}])
def test_the_last_admin_is_not_taken_away_by_saving_unless_it_is_ticked(cast, console, alice, changes):
    changes = {name: cast.globex.pk if value == "globex" else value for name, value in changes.items()}

    refused = save(console, alice, **changes)
    before = found(alice)
    said = save(console, alice, **changes, last_admin="on")

    assert "is the last active admin of Acme" in text(refused)
    assert (before.role, before.is_active, before.sub_account_id) == (UserRole.ADMIN, True, cast.acme.pk)
    assert said.status_code == 302
    after = found(alice)
    assert (after.role, after.is_active, after.sub_account_id) != (UserRole.ADMIN, True, cast.acme.pk)


def test_one_of_two_admins_is_demoted_without_asking(cast, console, alice):
    with system_scope("test"):
        UserFactory(sub_account=cast.acme, role=UserRole.ADMIN)

    assert save(console, alice, role="user").status_code == 302
    assert found(alice).role == UserRole.USER


def test_the_box_to_tick_is_there_for_admins_alone_and_seen_once_it_is_needed(cast, console, alice):
    with system_scope("test"):
        bob = UserFactory(sub_account=cast.acme)

    shown = [console.get(page(LABEL, "change", user.pk)).content.decode() for user in (alice, bob)]
    refused = save(console, alice, role="user").content.decode()

    kinds = [re.findall(r'<input type="(\w+)" name="last_admin"', content) for content in (*shown, refused)]
    assert kinds == [["hidden"], [], ["checkbox"]]


def test_the_last_admin_is_not_deleted_unless_the_address_says_so(cast, console, alice):
    url = page(LABEL, "delete", alice.pk)

    refused = console.post(url, {"post": "yes"})
    before = found(alice)
    said = console.post(f"{url}?last_admin=true", {"post": "yes"})

    assert "Acme would be left without an admin" in text(refused)
    assert b'href="?last_admin=true"' in refused.content
    assert before == alice
    assert (said.status_code, found(alice)) == (302, None)


def test_all_admins_are_not_deleted_together(cast, console, alice):
    with system_scope("test"):
        bea = UserFactory(sub_account=cast.acme, role=UserRole.ADMIN)
    form = {"action": "delete_selected", "_selected_action": [alice.pk, bea.pk], "post": "yes"}

    both = console.post(page(LABEL, "changelist"), form)
    kept = found(alice), found(bea)
    console.post(page(LABEL, "changelist"), {**form, "_selected_action": [bea.pk]})

    assert "Acme would be left without an admin" in text(both)
    assert kept == (alice, bea)
    assert found(bea) is None
