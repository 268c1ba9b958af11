"""Registering and confirming: nobody learns who has an account, and nothing is made before it is confirmed."""

from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import onboarding
from accounts.hashers import Argon2PasswordHasher
from accounts.models import User
from accounts.tests.factories import PASSWORD
from accounts.tests.onboarding_cast import (
    CODE,
    CONFIRM,
    INVALID,
    LEADS,
    LOGIN,
    ME,
    REGISTER,
    REGISTER_AND_JOIN,
    at_once,
    change,
    expired,
    found,
    of_a_disabled_sub_account,
    outcome,
    person,
    post,
    registered,
    revoked,
    token_in,
    used_up,
    work_off_mails,
)
from loctelli.tests.waiting import until_somebody_waits
from tenants.models import SubAccount
from tenants.scope import system_scope

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient")]


def test_who_registers_and_confirms_waits_in_onboarding_and_can_look_after_the_account_alone(cast, client):
    token = registered(client)

    answer = post(client, CONFIRM, token=token, password=PASSWORD)

    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in ("name", "email", "role", "sub_account_id")} == {
        "name": "Bob",
        "email": "bob@elsewhere.example",
        "role": "user",
        "sub_account_id": cast.onboarding.pk,
    }
    signed_in = post(client, LOGIN, email="bob@elsewhere.example", password=PASSWORD)
    access = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    assert client.get(ME, headers=access).status_code == 200
    assert outcome(client.get(LEADS, headers=access)) == (403, "onboarding")


def test_nothing_is_written_before_it_is_confirmed(cast, client):
    with system_scope("test"):
        before = User.objects.count()

    registered(client)

    with system_scope("test"):
        assert User.objects.count() == before


def test_an_address_with_an_account_is_answered_like_one_without_and_its_owner_is_told(cast, client, monkeypatch):
    hashed, encode = [], Argon2PasswordHasher.encode
    monkeypatch.setattr(Argon2PasswordHasher, "encode", lambda *args: hashed.append(args) or encode(*args))
    seen = []

    for email in ("bob@elsewhere.example", cast.alice.email, "ALICE@acme.example"):
        hashed.clear()
        with CaptureQueriesContext(connection) as queries:
            answer = post(client, REGISTER, **person(email=email))
        said = answer.json()["detail"].replace(email.lower(), "…")
        seen.append((answer.status_code, said, sorted(answer.headers), len(queries), len(hashed)))

    assert seen[0] == seen[1] == seen[2]
    assert seen[0][4] == 1
    assert ["account already" in text for text in work_off_mails()] == [False, True, True]
    assert found(cast.alice).check_password(PASSWORD)


def test_nobody_s_mailbox_is_filled(cast, client):
    statuses = [
        post(client, REGISTER, **person(email=email)).status_code for email in ("a@b.example", "A@B.example") * 3
    ]

    assert statuses == [202] * 6
    assert len(work_off_mails()) == 3


@pytest.mark.parametrize("spelling", ["BOB@Elsewhere.example", "ｂｏｂ@elsewhere.example", "bob@ℯlsewhere.example"])
def test_the_mail_goes_to_the_address_the_account_gets_however_it_is_spelled(client, cast, spelling):
    onboarding.register(name="Bob", email=spelling, password=PASSWORD)
    with system_scope("test"):
        jobs = list(ProcrastinateJob.objects.filter(task_name="accounts.mail_registration"))

    assert [job.args["email"] for job in jobs] == ["bob@elsewhere.example"]
    (text,) = work_off_mails()
    assert post(client, CONFIRM, token=token_in(text), password=PASSWORD).json()["email"] == "bob@elsewhere.example"


def test_what_a_stranger_writes_is_not_mailed(client, cast):
    post(client, REGISTER, **person(name="Buy now: https://spam.example"))

    assert "spam" not in work_off_mails()[0]


def test_the_mail_links_to_the_front_end(client, cast, settings):
    settings.FRONTEND_REGISTRATION_URL = "https://app.example.com/confirm?token={token}"
    post(client, REGISTER, **person())

    (text,) = work_off_mails()

    assert "https://app.example.com/confirm?token=ring%3Av1%3A" in text
    assert post(client, CONFIRM, token=token_in(text), password=PASSWORD).status_code == 201


@pytest.mark.parametrize("password", ["short", "password1", "12345678901"])
def test_a_weak_password_is_refused_by_name(client, cast, password):
    answer = post(client, REGISTER, **person(password=password))

    assert (answer.status_code, {error["path"] for error in answer.json()["errors"]}) == (400, {"password"})
    assert work_off_mails() == []


def test_registrations_from_one_address_are_throttled(client, cast, settings):
    settings.REGISTRATION_THROTTLE = "2/3600"

    answers = [post(client, REGISTER, **person(email=f"bob{number}@x.example")) for number in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]


def test_a_token_holds_no_word_of_what_was_registered(client, cast):
    token = registered(client)

    ciphertext = b64decode(token.rpartition(":")[2])
    for word in (b"elsewhere.example", b"argon2", b"sub_account"):
        assert word not in token.encode()
        assert word not in ciphertext


def with_another_password(client, token):
    return {"token": token, "password": "another horse entirely"}


def cut(client, token):
    return {"token": token[:-6], "password": PASSWORD}


def changed(client, token):
    return {"token": token[:-12] + ("A" if token[-12] != "A" else "B") + token[-11:], "password": PASSWORD}


def garbage(client, token):
    return {"token": "ring:v1:x:" + "A" * 40, "password": PASSWORD}


def of_another_place(client, token):
    place = {**onboarding.PLACE, "table": "totp_devices"}
    return {"token": onboarding.platform_secrets.seal("{}", **place), "password": PASSWORD}


def twice(client, token):
    assert post(client, CONFIRM, token=token, password=PASSWORD).status_code == 201
    return {"token": token, "password": PASSWORD}


@pytest.mark.parametrize("misuse", [with_another_password, cut, changed, garbage, of_another_place, twice])
def test_every_confirmation_that_is_not_right_is_answered_alike(client, cast, misuse):
    answer = post(client, CONFIRM, **misuse(client, registered(client)))

    assert (answer.status_code, answer.json()) == (
        404,
        {"code": "invalid_registration", "detail": onboarding.InvalidRegistration.detail, "errors": []},
    )


def test_a_registration_is_confirmed_within_a_day(client, cast, monkeypatch):
    token = registered(client)
    now = onboarding.time.time()

    monkeypatch.setattr(onboarding.time, "time", lambda: now + onboarding.CONFIRM_WITHIN_SECONDS + 2)

    assert outcome(post(client, CONFIRM, token=token, password=PASSWORD)) == (404, "invalid_registration")


def test_who_registers_with_an_invitation_is_where_it_leads_once_confirmed(cast, client, invitation):
    token = registered(client, REGISTER_AND_JOIN, code=CODE)
    uses_before = found(invitation).current_uses

    answer = post(client, CONFIRM, token=token, password=PASSWORD)

    assert (answer.status_code, answer.json()["sub_account_id"], answer.json()["role"]) == (201, cast.acme.pk, "user")
    assert (uses_before, found(invitation).current_uses) == (0, 1)


@pytest.mark.parametrize("spoil", [expired, used_up, revoked, of_a_disabled_sub_account])
def test_an_invitation_that_has_ended_by_then_makes_no_account(cast, client, invitation, spoil):
    token = registered(client, REGISTER_AND_JOIN, code=CODE)
    spoil(cast, invitation)

    answer = post(client, CONFIRM, token=token, password=PASSWORD)

    assert outcome(answer) == INVALID
    with system_scope("test"):
        assert not User.objects.filter(email="bob@elsewhere.example").exists()


@pytest.mark.django_db(transaction=True)
def test_registrations_confirmed_at_once_on_one_use_make_one_account(cast, invitation, client):
    change(invitation, max_uses=1)
    sealed = [registered(client, REGISTER_AND_JOIN, code=CODE, email=f"bob{number}@x.example") for number in range(8)]

    def confirming(token):
        return post(Client(), CONFIRM, token=token, password=PASSWORD).status_code

    statuses = at_once([lambda token=token: confirming(token) for token in sealed])

    assert sorted(statuses) == [201] + [404] * 7
    with system_scope("test"):
        assert SubAccount.objects.get(pk=cast.acme.pk).users.filter(email__startswith="bob").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("url", "code"), [(REGISTER, {}), (REGISTER_AND_JOIN, {"code": CODE})])
def test_of_two_who_confirm_a_registration_at_once_the_second_is_answered_as_later(cast, invitation, client, url, code):
    change(invitation, max_uses=1)
    token = registered(client, url, **code)

    def confirming():
        try:
            return outcome(post(Client(), CONFIRM, token=token, password=PASSWORD))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        with system_scope("test"), connection.cursor() as cursor:
            # Until both are at it, no account is made.
            cursor.execute("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
            outcomes = [pool.submit(confirming), pool.submit(confirming)]
            until_somebody_waits(sessions=2)

        assert sorted(done.result() for done in outcomes) == [(201, ""), (404, "invalid_registration")]
