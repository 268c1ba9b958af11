"""Sub-accounts keep an admin, and people move only when nothing is theirs."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from accounts.choices import UserRole
from accounts.membership import move_user
from accounts.models import User
from accounts.tests.factories import UserFactory
from crm.tests.factories import LeadFactory
from loctelli.errors import StillReferenced
from loctelli.tests.cast import client_of
from tenants.models import FixtureOfThePlatform
from tenants.scope import system_scope

USERS = "/api/v1/users/"


@pytest.fixture
def bea(cast) -> User:
    """A second admin of acme's."""
    with system_scope("test"):
        return UserFactory(name="Bea", email="bea@acme.example", role=UserRole.ADMIN, sub_account=cast.acme)


def found(user: User) -> User:
    with system_scope("test"):
        return User.objects.get(pk=user.pk)


def take_away(client: Client, user: User, how: str, query: str = "") -> tuple[int, str]:
    """Demote, deactivate or delete somebody; return the status and the error's code."""
    url = f"{USERS}{user.pk}/{query}"
    if how == "delete":
        answer = client.delete(url)
    else:
        body = {"demote": {"role": "manager"}, "deactivate": {"is_active": False}}[how]
        answer = client.patch(url, body)
    return answer.status_code, answer.json()["code"] if answer.status_code >= 400 else ""


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["demote", "deactivate"])
def test_the_last_admin_stays_one_unless_it_is_said(cast, alice, how):
    refused = take_away(client_of(alice), alice, how)
    before = found(alice)

    said = take_away(client_of(alice), alice, how, "?last_admin=true")

    assert (refused, before.role, before.is_active) == ((409, "last_admin"), UserRole.ADMIN, True)
    assert said == (200, "")


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["demote", "deactivate", "delete"])
def test_one_of_two_admins_can_go(cast, alice, bea, how):
    status, _ = take_away(client_of(alice), bea, how)

    assert status in (200, 204)


@pytest.mark.django_db
def test_an_admin_who_is_inactive_or_elsewhere_is_none_who_remains(cast, alice, bea):
    with system_scope("test"):
        User.objects.filter(pk=bea.pk).update(is_active=False)

    assert take_away(client_of(alice), alice, "demote") == (409, "last_admin")


@pytest.mark.django_db
def test_what_takes_no_admin_away_is_not_asked_about(cast, alice):
    answer = client_of(alice).patch(f"{USERS}{alice.pk}/", {"name": "Al", "role": "admin"})

    assert (answer.status_code, answer.json()["name"]) == (200, "Al")


@pytest.mark.django_db
@pytest.mark.parametrize("role", [UserRole.USER, UserRole.MANAGER])
def test_nobody_raises_their_own_role(cast, role):
    with system_scope("test"):
        bob = UserFactory(sub_account=cast.acme, role=role)
    client = client_of(bob)

    by_profile = client.patch("/api/v1/me/", {"role": "admin"})
    by_list = client.patch(f"{USERS}{bob.pk}/", {"role": "admin"})

    assert (by_profile.status_code, by_profile.json()["errors"][0]["code"]) == (400, "read_only")
    assert (by_list.status_code, by_list.json()["code"]) == (403, "permission_denied")
    assert found(bob).role == role


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/me/", "{users}{pk}/"])
@pytest.mark.parametrize("name", ["sub_account_id", "sub_account"])
def test_nobody_moves_their_own_tenant(cast, alice, path, name):
    url = path.format(users=USERS, pk=alice.pk)

    answer = client_of(alice).patch(url, {name: cast.globex.pk})

    assert (answer.status_code, [error["path"] for error in answer.json()["errors"]]) == (400, [name])
    assert found(alice).sub_account_id == cast.acme.pk


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["demote", "deactivate", "delete"])
def test_two_admins_who_take_each_other_away_at_once_leave_one(cast, alice, bea, how):
    with system_scope("test"):
        cast.acme_strategy.delete()
    barrier = Barrier(2)

    def act(acting: User, on: User) -> tuple[int, str]:
        client = client_of(acting)
        barrier.wait()
        try:
            return take_away(client, on, how)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = [done.result() for done in [pool.submit(act, alice, bea), pool.submit(act, bea, alice)]]

    with system_scope("test"):
        admins = User.objects.filter(sub_account=cast.acme, role=UserRole.ADMIN, is_active=True).count()
    assert admins == 1
    # The second one is told so, unless it came so late that they were no admin any more.
    assert sorted(status for status, _ in answers)[0] in (200, 204)
    assert [code for _, code in answers if code] in (
        [["last_admin"], ["permission_denied"]] if how == "demote" else [["last_admin"], ["invalid_token"]]
    )


@pytest.mark.django_db
def test_a_user_to_whom_nothing_belongs_is_moved(cast):
    with system_scope("test"):
        bob = UserFactory(sub_account=cast.acme)

        move_user(bob, to=cast.globex)

    assert found(bob).sub_account_id == cast.globex.pk


@pytest.mark.django_db
def test_a_user_to_whom_something_belongs_stays_and_is_told_what(cast, alice):
    with system_scope("test"):
        LeadFactory(strategy=cast.acme_strategy)
        with pytest.raises(StillReferenced) as refusal:
            move_user(alice, to=cast.globex)

    assert {error["path"]: error["detail"] for error in refusal.value.errors} == {
        "strategies": "1 strategies",
        "leads": "1 leads",
    }
    assert found(alice).sub_account_id == cast.acme.pk


@pytest.mark.django_db
def test_the_system_user_stays_where_it_is(cast):
    with system_scope("test"), pytest.raises(FixtureOfThePlatform):
        move_user(cast.system, to=cast.acme)
