"""Changing a password: by whom, what it ends, and having to."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts.password_changes import change_password, require_password_change
from accounts.tests.factories import PASSWORD, issue_token
from accounts.tests.passwords_cast import (
    LEADS,
    ME,
    NEW,
    PASSWORD_PATH,
    SESSIONS,
    bearer,
    fresh,
    history,
    outcome,
    post,
    sign_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patient(settings):
    settings.LOGIN_THROTTLE = settings.PASSWORD_THROTTLE = settings.PASSWORD_MAIL_THROTTLE = "100000/60"


def test_whoever_changes_it_goes_on_and_all_other_sessions_end(alice):
    here, elsewhere = sign_in(alice).json(), sign_in(alice).json()

    answer = post(PASSWORD_PATH, bearer(here["access_token"]), current_password=PASSWORD, password=NEW)

    body = answer.json()
    assert (answer.status_code, body.keys()) == (200, {"access_token", "token_type", "expires_in"})
    assert [bearer(token).get(ME).status_code for token in (here["access_token"], elsewhere["access_token"])] == [
        401
    ] * 2
    assert bearer(body["access_token"]).get(ME).status_code == 200
    refreshed = [post("/api/v1/auth/refresh/", refresh_token=each["refresh_token"]) for each in (here, elsewhere)]
    assert [each.status_code for each in refreshed] == [200, 401]
    assert (sign_in(alice).status_code, sign_in(alice, NEW).status_code) == (401, 200)


def test_the_old_password_is_asked_and_counted(alice, settings):
    settings.PASSWORD_THROTTLE = "3/3600"
    client = bearer(issue_token(alice))

    answers = [post(PASSWORD_PATH, client, current_password="wrong", password=NEW) for _ in range(4)]

    assert [outcome(answer) for answer in answers] == [(403, "wrong_password")] * 3 + [(429, "throttled")]
    assert fresh(alice).check_password(PASSWORD)


def test_a_weak_new_one_is_refused_at_its_field_and_changes_nothing(alice):
    answer = post(PASSWORD_PATH, bearer(issue_token(alice)), current_password=PASSWORD, password="short")

    assert answer.status_code == 400
    assert [(error["path"], error["code"]) for error in answer.json()["errors"]] == [("password", "password_too_short")]
    assert fresh(alice).check_password(PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_of_changes_at_once_one_is_made(cast):
    users, barrier = [fresh(cast.alice) for _ in range(6)], Barrier(6)

    def work(number: int) -> bool:
        barrier.wait()
        try:
            return change_password(users[number], f"{NEW} number {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(work, range(6)))

    assert sorted(made) == [False] * 5 + [True]
    assert fresh(cast.alice).check_password(f"{NEW} number {made.index(True)}")
    assert history(cast.alice) == 1


def test_whoever_has_to_change_it_can_do_that_and_sign_out_and_nothing_else(alice):
    token = sign_in(alice).json()
    client = bearer(token["access_token"])
    require_password_change(alice)

    assert [outcome(client.get(path)) for path in (LEADS, "/api/v1/sub-account/")] == [
        (403, "password_change_required")
    ] * 2
    assert [client.get(path).status_code for path in (ME, SESSIONS)] == [200, 200]
    assert outcome(post("/api/v1/me/join/", client, code="K7PX2M4Q")) == (403, "password_change_required")

    answer = post(PASSWORD_PATH, client, current_password=PASSWORD, password=NEW)

    assert bearer(answer.json()["access_token"]).get(LEADS).status_code == 200
    assert post("/api/v1/auth/logout/", refresh_token=token["refresh_token"]).status_code == 204


def test_it_holds_for_new_sign_ins_too(alice):
    require_password_change(alice)

    assert outcome(bearer(sign_in(alice).json()["access_token"]).get(LEADS)) == (403, "password_change_required")
