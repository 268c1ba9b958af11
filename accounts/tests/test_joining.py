"""Joining a sub-account: under the same tokens, once, and no invitation is redeemed too often."""

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import onboarding
from accounts.choices import UserRole
from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.onboarding_cast import (
    AUTH,
    CODE,
    JOIN,
    JSON,
    LEADS,
    LOGIN,
    ME,
    at_once,
    change,
    found,
    outcome,
    post,
)
from loctelli.tests.cast import client_of
from tenants import invitations
from tenants.scope import system_scope

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient")]


def test_after_joining_the_next_request_works_without_a_new_login(cast, invitation, newcomer):
    client = client_of(newcomer)
    before = outcome(client.get(LEADS))

    joined = post(client, JOIN, code=CODE)

    assert before == (403, "onboarding")
    assert (joined.status_code, joined.json()["sub_account_id"]) == (200, cast.acme.pk)
    assert client.get(LEADS).status_code == 200
    assert client.get("/api/v1/sub-account/").json()["name"] == "Acme"
    made = client.patch(ME, {"company": "Acme"})
    assert (made.status_code, made.json()["company"]) == (200, "Acme")


def test_who_joins_is_a_plain_user_whatever_they_were_in_onboarding(cast, invitation, newcomer):
    change(newcomer, role=UserRole.ADMIN)

    assert post(client_of(newcomer), JOIN, code=CODE).json()["role"] == "user"


def test_who_has_joined_can_not_join_again_nor_go_elsewhere(cast, invitation, newcomer, alice):
    client = client_of(newcomer)
    post(client, JOIN, code=CODE)

    assert outcome(post(client, JOIN, code=CODE)) == (409, "already_joined")
    assert outcome(post(client_of(alice), JOIN, code=CODE)) == (409, "already_joined")
    assert found(invitation).current_uses == 1


def test_the_token_of_onboarding_ends_with_the_account_also_after_a_join(cast, invitation, newcomer):
    client = client_of(newcomer)
    post(client, JOIN, code=CODE)

    for values in ({"is_active": False}, {"is_active": True, "password": make_password("something else entirely")}):
        change(newcomer, **values)
        assert outcome(client.get(ME)) == (401, "invalid_token")


def test_nobody_and_the_system_user_join_nothing(cast, client, invitation):
    assert outcome(post(client, JOIN, code=CODE)) == (401, "not_authenticated")
    assert outcome(post(client_of(cast.system), JOIN, code=CODE)) == (403, "permission_denied")
    assert found(invitation).current_uses == 0


def test_the_session_goes_on_past_a_join_and_its_next_token_names_the_sub_account(cast, invitation, newcomer, client):
    signed_in = post(client, LOGIN, email=newcomer.email, password=PASSWORD).json()
    access = {"Authorization": f"Bearer {signed_in['access_token']}"}
    joined = client.post(JOIN, {"code": CODE}, content_type=JSON, headers=access)

    renewed = post(client, f"{AUTH}refresh/", refresh_token=signed_in["refresh_token"])

    assert (joined.status_code, renewed.status_code) == (200, 200)
    assert client.get(LEADS, headers=access).status_code == 200
    access = {"Authorization": f"Bearer {renewed.json()['access_token']}"}
    assert client.get(LEADS, headers=access).status_code == 200


def test_only_tokens_of_onboarding_cost_a_second_look(cast, invitation, newcomer, alice):
    with system_scope("test"):
        member = UserFactory(sub_account=cast.acme)
    waiting, settled = client_of(newcomer), client_of(member)
    costs = []

    for client in (settled, waiting):
        with CaptureQueriesContext(connection) as queries:
            client.get(ME)
        costs.append(len(queries))
    post(waiting, JOIN, code=CODE)
    for client in (waiting, client_of(found(newcomer))):
        with CaptureQueriesContext(connection) as queries:
            client.get(ME)
        costs.append(len(queries))

    # A scope that finds nobody, one that asks where they are, and from then on what everybody pays.
    assert costs == [7, 7, 24, 7]


@pytest.mark.django_db(transaction=True)
def test_a_hundred_joins_at_once_on_three_uses_make_three(cast, invitation):
    change(invitation, max_uses=3)
    with system_scope("test"):
        waiting = UserFactory.create_batch(100, sub_account=cast.onboarding)

    def joining(user):
        try:
            onboarding.join(user, CODE, password=None)
        except invitations.InvalidInvitation:
            return False
        return True

    joined = at_once([lambda user=user: joining(user) for user in waiting])

    with system_scope("test"):
        moved = User.objects.filter(sub_account=cast.acme, pk__in=[user.pk for user in waiting]).count()
    assert (sum(joined), moved, found(invitation).current_uses) == (3, 3, 3)


@pytest.mark.django_db(transaction=True)
def test_one_person_who_joins_twice_at_once_uses_one_place(cast, invitation, newcomer):
    def joining():
        try:
            return onboarding.join(newcomer, CODE, password=None).sub_account_id
        except onboarding.AlreadyJoined:
            return None

    joined = at_once([joining] * 8)

    assert sorted(joined, key=bool) == [None] * 7 + [cast.acme.pk]
    assert found(invitation).current_uses == 1
