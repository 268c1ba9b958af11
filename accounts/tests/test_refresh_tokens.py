"""Refresh tokens: one chain a session, which never forks and tells when it was copied."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts import refresh_tokens
from accounts.devices import Client as Device
from accounts.tests.sessions_cast import DAY, ENDED, ME, age, incidents, outcome, refresh, rows, sign_in, status
from loctelli.tests.waiting import until_somebody_waits
from security.choices import AccountType, IncidentType
from security.models import RefreshToken, SecurityIncident
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patient(settings):
    settings.LOGIN_THROTTLE = "100000/60"


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


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "é" * 43, "a" * 500, "a" * 501, "a" * 1_000_000])
def test_an_unknown_token_renews_nothing(alice, token):
    sign_in(alice)

    assert refresh(token).status_code in (400, 401, 413)
    assert [row.rotated_at for row in rows()] == [None]


def test_an_access_token_renews_nothing_and_a_refresh_token_opens_nothing(alice):
    answer = sign_in(alice)

    assert outcome(refresh(answer["access_token"][:500])) == ENDED
    assert Client(headers={"Authorization": f"Bearer {answer['refresh_token']}"}).get(ME).status_code == 401


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


@pytest.mark.django_db(transaction=True)
def test_what_a_renewal_makes_while_its_session_is_being_ended_ends_too(cast, monkeypatch):
    first = sign_in(cast.alice)["refresh_token"]
    renewing, expiry = Event(), refresh_tokens._expiry

    def wait_for_the_end(*args):
        renewing.set()
        until_somebody_waits()
        return expiry(*args)

    def renew():
        try:
            return refresh(first).json()["refresh_token"]
        finally:
            connection.close()

    def end() -> None:
        renewing.wait(60)
        try:
            refresh_tokens.end_sessions(AccountType.USER, cast.alice.pk)
        finally:
            connection.close()

    monkeypatch.setattr(refresh_tokens, "_expiry", wait_for_the_end)
    with ThreadPoolExecutor(2) as pool:
        renewed, ended = pool.submit(renew), pool.submit(end)
        ended.result()
    monkeypatch.undo()

    assert rows(rotated_at=None, revoked_at=None) == []
    assert outcome(refresh(renewed.result())) == ENDED


def test_a_token_of_another_kind_of_account_renews_nothing_and_ends_nothing(cast):
    session = refresh_tokens.issue(AccountType.ADMIN, cast.ada, client=Device("203.0.113.7", "tests"))

    assert outcome(refresh(session.refresh_token)) == ENDED
    assert len(rows(revoked_at=None)) == 1


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
