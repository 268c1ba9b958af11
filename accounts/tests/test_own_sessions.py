"""One's own sessions: listed, and ended one by one or all together."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import refresh_tokens, tokens
from accounts.devices import Client as Device
from accounts.tests.factories import UserFactory
from accounts.tests.sessions_cast import (
    DAY,
    ENDED,
    LEADS,
    LOGOUT,
    SESSIONS,
    age,
    bearer,
    outcome,
    post,
    refresh,
    sign_in,
    status,
)
from security.choices import AccountType
from security.models import RefreshToken
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patient(settings):
    settings.LOGIN_THROTTLE = "100000/60"


def test_one_s_sessions_are_listed_with_device_address_and_use(cast):
    old = sign_in(cast.alice, agent="Firefox on a desk")
    sign_in(cast.mallory)
    age(DAY)
    current = sign_in(cast.alice, agent="Safari on a phone")
    refresh(old["refresh_token"])

    found = bearer(current).get(SESSIONS).json()["results"]

    assert [(row["device"], row["ip_address"], row["is_current"]) for row in found] == [
        ("", "127.0.0.1", False),
        ("Safari on a phone", "127.0.0.1", True),
    ]
    assert all(row.keys() == set(found[0]) for row in found)
    assert found[0]["created_at"] < found[0]["last_used_at"]
    assert found[1]["created_at"][:19] == found[1]["last_used_at"][:19]
    assert found[1]["id"] == tokens.verify(current["access_token"]).session


def test_ended_and_expired_sessions_are_not_listed(alice):
    gone = sign_in(alice)
    sign_in(alice)
    age(8 * DAY)
    current = sign_in(alice)
    post(LOGOUT, refresh_token=gone["refresh_token"])

    assert len(bearer(current).get(SESSIONS).json()["results"]) == 1


def test_a_session_of_another_s_is_not_found_like_one_that_does_not_exist(cast):
    with system_scope("test"):
        colleague = UserFactory(sub_account=cast.acme)
    client = bearer(sign_in(cast.alice))
    theirs = [sign_in(colleague), sign_in(cast.mallory)]
    sessions = [tokens.verify(answer["access_token"]).session for answer in theirs]

    answers = [client.delete(f"{SESSIONS}{session}/") for session in (*sessions, "c" + "0" * 24)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(404, answers[2].json())] * 3
    assert [status(answer) for answer in theirs] == [200, 200]


def test_people_in_onboarding_look_after_their_sessions(cast):
    with system_scope("test"):
        newcomer = UserFactory(sub_account=cast.onboarding)
    client = bearer(sign_in(newcomer))

    assert client.get(LEADS).json()["code"] == "onboarding"
    assert len(client.get(SESSIONS).json()["results"]) == 1
    assert client.delete(SESSIONS).status_code == 204
    assert client.get(SESSIONS).status_code == 401


def test_an_admin_s_session_is_nobody_s_here(ada):
    client = Device(address="127.0.0.1", user_agent="tests")
    session = refresh_tokens.issue(AccountType.ADMIN, ada, client=client)

    assert outcome(refresh(session.refresh_token)) == ENDED


def test_a_token_outlives_its_expiry_by_nothing(alice):
    answer = sign_in(alice)
    with system_scope("test"):
        RefreshToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert status(answer) == 401
