"""Sessions over the API: one chain of tokens each, which ends when it should and tells when it was copied."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts import refresh_tokens, tokens
from accounts.devices import Client as Device
from accounts.hashers import Argon2PasswordHasher
from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from security.choices import AccountType, IncidentType
from security.models import RefreshToken, SecurityIncident
from tenants.models import SubAccount
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db

LOGIN, REFRESH, LOGOUT = (f"/api/v1/auth/{name}/" for name in ("login", "refresh", "logout"))
ME, SESSIONS, LEADS = "/api/v1/me/", "/api/v1/me/sessions/", "/api/v1/leads/"
ENDED = (401, "invalid_refresh_token")
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _patient(settings):
    settings.LOGIN_THROTTLE = "100000/60"


def post(path: str, **body):
    return Client().post(path, body, content_type="application/json")


def sign_in(user, agent: str = "tests", **body) -> dict:
    body = {"email": user.email, "password": PASSWORD, **body}
    return Client().post(LOGIN, body, content_type="application/json", headers={"User-Agent": agent}).json()


def refresh(token: str):
    return post(REFRESH, refresh_token=token)


def outcome(answer) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "") if answer.content else ""


def bearer(answer: dict) -> Client:
    return Client(headers={"Authorization": f"Bearer {answer['access_token']}"})


def status(answer: dict) -> int:
    return bearer(answer).get(ME).status_code


def change(model, pk, **values) -> None:
    with system_scope("test"):
        model.objects.filter(pk=pk).update(**values)


def rows(**condition) -> list[RefreshToken]:
    with system_scope("test"):
        return list(RefreshToken.objects.filter(**condition).order_by("created_at", "pk"))


def age(by: timedelta) -> None:
    """Let everything that has happened to sessions have happened so much earlier."""
    with system_scope("test"):
        for row in RefreshToken.objects.all():
            for name in ("created_at", "expires_at", "rotated_at", "session_started_at", "session_expires_at"):
                value = getattr(row, name)
                setattr(row, name, value and value - by)
            row.save()


def incidents() -> list[tuple]:
    with system_scope("test"):
        return list(SecurityIncident.objects.values_list("type", "user_id", "sub_account_id"))


# Tokens.


def test_a_refresh_token_is_256_random_bits_of_which_only_the_hash_is_kept(alice):
    raw = sign_in(alice)["refresh_token"]

    (row,) = rows()
    assert len(raw) == 43
    assert row.token_hash == hashlib.sha256(raw.encode()).hexdigest()
    with system_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(t)::text FROM refresh_tokens t")
        assert raw not in cursor.fetchone()[0]


def test_a_refresh_token_gets_the_next_two_and_both_work(alice):
    first = sign_in(alice)

    answer = refresh(first["refresh_token"])

    second = answer.json()
    assert answer.status_code == 200
    assert second.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert second["refresh_token"] != first["refresh_token"]
    assert (status(first), status(second)) == (200, 200)
    assert refresh(second["refresh_token"]).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "é" * 43, "a" * 500])
def test_an_unknown_token_renews_nothing(alice, token):
    sign_in(alice)

    assert refresh(token).status_code in (400, 401)
    assert [row.rotated_at for row in rows()] == [None]


def test_an_access_token_renews_nothing_and_a_refresh_token_opens_nothing(alice):
    answer = sign_in(alice)

    assert outcome(refresh(answer["access_token"][:500])) == ENDED
    assert Client(headers={"Authorization": f"Bearer {answer['refresh_token']}"}).get(ME).status_code == 401


# Reuse.


def test_within_ten_seconds_a_lost_answer_is_given_again_and_the_chain_does_not_fork(alice):
    first = sign_in(alice)["refresh_token"]

    answers = [refresh(first).json()["refresh_token"] for _ in range(3)]

    assert len(set(answers)) == 1
    assert len(rows()) == 2
    assert refresh(answers[0]).status_code == 200
    assert incidents() == []


@pytest.mark.parametrize("later", [timedelta(seconds=11), DAY, timedelta(days=6)])
def test_a_token_used_again_later_ends_its_session_and_is_an_incident(alice, later):
    first = sign_in(alice)
    second = refresh(first["refresh_token"]).json()
    age(later)

    again = refresh(first["refresh_token"])

    assert outcome(again) == ENDED
    assert outcome(refresh(second["refresh_token"])) == ENDED
    assert status(second) == 401
    assert incidents() == [(IncidentType.REFRESH_TOKEN_REUSE, alice.pk, alice.sub_account_id)]


def test_a_token_whose_successor_was_used_is_copied_even_within_the_grace(alice):
    first = sign_in(alice)["refresh_token"]
    second = refresh(first).json()["refresh_token"]
    third = refresh(second).json()["refresh_token"]

    assert outcome(refresh(first)) == ENDED
    assert outcome(refresh(third)) == ENDED
    assert len(incidents()) == 1


def test_any_ancestor_ends_the_session_and_no_other_session(alice):
    other = sign_in(alice)
    chain = [sign_in(alice)["refresh_token"]]
    for _ in range(5):
        chain.append(refresh(chain[-1]).json()["refresh_token"])
    age(timedelta(minutes=1))

    assert outcome(refresh(chain[2])) == ENDED
    assert outcome(refresh(chain[-1])) == ENDED
    assert status(other) == 200
    assert refresh(other["refresh_token"]).status_code == 200


def test_a_session_that_has_ended_already_is_no_incident_again(alice):
    first = sign_in(alice)["refresh_token"]
    refresh(first)
    age(timedelta(minutes=1))
    refresh(first)

    refresh(first)

    with system_scope("test"):
        assert SecurityIncident.objects.get().metadata["count"] == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_refreshes_at_once_make_one_chain(cast):
    first = sign_in(cast.alice)["refresh_token"]
    barrier = Barrier(10)

    def work(_: int) -> list[str]:
        barrier.wait()
        try:
            return [refresh(first).json()["refresh_token"] for _ in range(5)]
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = [token for found in pool.map(work, range(10)) for token in found]

    assert (len(answers), len(set(answers))) == (50, 1)
    assert [row.rotated_at is None for row in rows()] == [False, True]
    assert refresh(answers[0]).status_code == 200
    assert incidents() == []


@pytest.mark.django_db(transaction=True)
def test_a_session_ended_while_it_is_renewed_has_ended(cast):
    """Whichever comes first: what a renewal makes while it is waited for ends, too."""
    for _ in range(15):
        first = sign_in(cast.alice)["refresh_token"]
        barrier = Barrier(2)

        def renew(token: str = first, barrier: Barrier = barrier):
            barrier.wait()
            try:
                return refresh(token).json().get("refresh_token")
            finally:
                connection.close()

        def end(barrier: Barrier = barrier) -> None:
            barrier.wait()
            try:
                refresh_tokens.end_sessions(AccountType.USER, cast.alice.pk)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            renewed, ended = pool.submit(renew), pool.submit(end)
            ended.result()
            successor = renewed.result()
        assert rows(rotated_at=None, revoked_at=None) == []
        assert successor is None or outcome(refresh(successor)) == ENDED


def test_the_database_lets_no_chain_fork(alice):
    sign_in(alice)
    (row,) = rows()

    with system_scope("test"), pytest.raises(IntegrityError, match="one_chain"), transaction.atomic():
        RefreshToken.objects.create(
            family=row.family,
            token_hash="0" * 64,
            user_id=row.user_id,
            account_type=row.account_type,
            stamp=row.stamp,
            ip_address="127.0.0.1",
            expires_at=row.expires_at,
            session_expires_at=row.session_expires_at,
        )


# How long.


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


# What ends it, on the very next request.


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

    # Count, savepoint, binding, user with session, the row itself, release, and unbinding: inside a test's transaction.
    with django_assert_num_queries(7):
        client.get(ME)


# One's own sessions.


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
