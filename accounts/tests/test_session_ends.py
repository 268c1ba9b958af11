"""How long sessions over the API go on, and what ends them on the very next request."""

import pytest
from django.contrib.auth.hashers import make_password

from accounts import tokens
from accounts.hashers import Argon2PasswordHasher
from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.sessions_cast import (
    DAY,
    ENDED,
    LOGOUT,
    ME,
    SESSIONS,
    age,
    bearer,
    change,
    incidents,
    outcome,
    post,
    refresh,
    sign_in,
    status,
)
from tenants.models import SubAccount
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patient(settings):
    settings.LOGIN_THROTTLE = "100000/60"


@pytest.mark.parametrize(("remember", "idle", "absolute"), [(False, 7, 30), (True, 30, 90)])
def test_a_session_ends_when_unused_and_however_much_it_is_used(alice, remember, idle, absolute):
    answer = sign_in(alice, remember=remember)
    assert answer["refresh_expires_in"] == pytest.approx(idle * 86_400, abs=5)

    days = 0
    while days + idle - 1 < absolute:
        age((idle - 1) * DAY)
        days += idle - 1
        renewed = refresh(answer["refresh_token"])
        assert renewed.status_code == 200, days
        answer = renewed.json()

    # Remembered or not stays so after every refresh, and the end comes no later than it was to.
    assert answer["refresh_expires_in"] == pytest.approx((absolute - days) * 86_400, abs=5)
    age((absolute - days) * DAY)
    assert outcome(refresh(answer["refresh_token"])) == ENDED


@pytest.mark.parametrize(("remember", "idle"), [(False, 7), (True, 30)])
def test_a_session_unused_for_too_long_has_ended_and_that_is_no_incident(alice, remember, idle):
    token = sign_in(alice, remember=remember)["refresh_token"]
    age(idle * DAY)

    assert outcome(refresh(token)) == ENDED
    assert incidents() == []


def disable_user(cast, answer) -> None:
    change(User, cast.ben.pk, is_active=False)


def disable_sub_account(cast, answer) -> None:
    change(SubAccount, cast.acme.pk, is_active=False)


def move(cast, answer) -> None:
    change(User, cast.ben.pk, sub_account_id=cast.globex.pk)


def set_password(cast, answer) -> None:
    change(User, cast.ben.pk, password=make_password("another horse battery staple"))


def delete(cast, answer) -> None:
    with system_scope("test"):
        User.objects.filter(pk=cast.ben.pk).delete()


def log_out(cast, answer) -> None:
    assert post(LOGOUT, refresh_token=answer["refresh_token"]).status_code == 204


def log_out_with_a_used_token(cast, answer) -> None:
    successor = refresh(answer["refresh_token"]).json()
    assert post(LOGOUT, refresh_token=answer["refresh_token"]).status_code == 204
    assert outcome(refresh(successor["refresh_token"])) == ENDED


def log_out_everywhere(cast, answer) -> None:
    assert bearer(sign_in(cast.ben)).delete(SESSIONS).status_code == 204


def end_it_from_elsewhere(cast, answer) -> None:
    session = tokens.verify(answer["access_token"]).session
    assert bearer(sign_in(cast.ben)).delete(f"{SESSIONS}{session}/").status_code == 204


@pytest.mark.parametrize(
    "end",
    [
        *(disable_user, disable_sub_account, move, set_password, delete),
        *(log_out, log_out_with_a_used_token, log_out_everywhere, end_it_from_elsewhere),
    ],
)
def test_what_ends_a_session_acts_on_the_next_request_and_the_next_refresh(cast, end):
    with system_scope("test"):
        cast.ben = UserFactory(sub_account=cast.acme)
    answer = sign_in(cast.ben)
    assert status(answer) == 200

    end(cast, answer)

    assert status(answer) == 401
    assert outcome(refresh(answer["refresh_token"])) == ENDED


def test_whoever_is_enabled_again_signs_in_anew(alice):
    answer = sign_in(alice)
    change(User, alice.pk, is_active=False)
    refused = outcome(refresh(answer["refresh_token"]))

    change(User, alice.pk, is_active=True)

    assert refused == ENDED
    assert outcome(refresh(answer["refresh_token"])) == ENDED
    assert status(sign_in(alice)) == 200


def test_signing_out_ends_one_session_and_unknown_tokens_none(alice):
    here, elsewhere = sign_in(alice), sign_in(alice)

    statuses = [post(LOGOUT, refresh_token=token).status_code for token in ("nonsense", here["refresh_token"]) * 2]

    assert statuses == [204] * 4
    assert (status(here), status(elsewhere)) == (401, 200)


def test_a_renewed_hash_of_the_same_password_ends_no_session(alice, monkeypatch):
    with monkeypatch.context() as weaker:
        weaker.setattr(Argon2PasswordHasher, "time_cost", Argon2PasswordHasher.time_cost + 3)
        change(User, alice.pk, password=make_password(PASSWORD))
        elsewhere = sign_in(alice)

    sign_in(alice)

    assert refresh(elsewhere["refresh_token"]).status_code == 200


def test_a_session_s_end_costs_a_request_no_query(alice, django_assert_num_queries):
    client = bearer(sign_in(alice))
    client.get(ME)

    # Count, savepoint, binding, user and session, the row itself, release, and unbinding: in a test's
    # transaction.
    with django_assert_num_queries(7):
        client.get(ME)
