"""Registering, confirming and joining: nobody learns who has an account, and no invitation is redeemed too often."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from urllib.parse import unquote

import pytest
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import onboarding
from accounts.choices import UserRole
from accounts.hashers import Argon2PasswordHasher
from accounts.jobs import mail_registration
from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from loctelli.tests.cast import client_of
from tenants import invitations
from tenants.models import SubAccount, SubAccountInvitation
from tenants.scope import system_scope
from tenants.tests.factories import SubAccountInvitationFactory

pytestmark = pytest.mark.django_db

AUTH = "/api/v1/auth/"
VALIDATE, REGISTER, REGISTER_AND_JOIN, CONFIRM, LOGIN = (
    f"{AUTH}{name}/" for name in ("invitations/validate", "register", "register-and-join", "register/confirm", "login")
)
ME, JOIN, LEADS = "/api/v1/me/", "/api/v1/me/join/", "/api/v1/leads/"
JSON = "application/json"
CODE = "K7PX2M4Q"
INVALID = (404, "invalid_invitation")


@pytest.fixture(autouse=True)
def _patient(settings):
    settings.INVITATION_THROTTLE = settings.REGISTRATION_THROTTLE = settings.LOGIN_THROTTLE = "100000/60"


@pytest.fixture
def invitation(cast) -> SubAccountInvitation:
    with system_scope("test"):
        return SubAccountInvitationFactory(
            sub_account=cast.acme, created_by_admin=cast.ada, code=invitations.hash_code(CODE)
        )


@pytest.fixture
def newcomer(cast) -> User:
    with system_scope("test"):
        return UserFactory(name="Nia", email="nia@elsewhere.example", sub_account=cast.onboarding)


def post(client: Client, url: str, **body):
    return client.generic("POST", url, json.dumps(body), JSON)


def outcome(answer) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def change(row, **values) -> None:
    with system_scope("test"):
        type(row).objects.filter(pk=row.pk).update(**values)


def found(row):
    with system_scope("test"):
        return type(row).objects.get(pk=row.pk)


def person(**fields) -> dict:
    return {"name": "Bob", "email": "bob@elsewhere.example", "password": PASSWORD, **fields}


def work_off_mails() -> list[str]:
    """Do what the worker does with the mails that wait; return their texts."""
    with system_scope("test"):
        jobs = list(ProcrastinateJob.objects.filter(task_name="accounts.mail_registration").order_by("id"))
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")
    for job in jobs:
        mail_registration.func(**job.args)
    texts = [message.body for message in mail.outbox]
    mail.outbox.clear()
    return texts


def token_in(text: str) -> str:
    return unquote(re.search(r"ring%3Av1\S+|ring:v1\S+", text)[0])


def registered(client: Client, url: str = REGISTER, **fields) -> str:
    """Register and return the token that was mailed."""
    assert post(client, url, **person(**fields)).status_code == 202
    return token_in(work_off_mails()[0])


# Codes.


def test_codes_are_of_eight_characters_nobody_mistakes():
    codes = {invitations.new_code() for _ in range(500)}

    assert len(codes) == 500
    assert all(re.fullmatch(r"[A-HJ-NP-Z2-9]{8}", code) for code in codes)


def test_what_is_stored_of_a_code_says_nothing_without_the_key(settings):
    stored = invitations.hash_code(CODE)
    settings.SECRET_KEY = "another-key-" * 5

    assert re.fullmatch(r"[0-9a-f]{64}", stored)
    assert CODE not in stored
    assert invitations.hash_code(CODE) != stored


@pytest.mark.parametrize("spelling", ["k7px2m4q", "K7PX-2M4Q", " k7px 2m4q "])
def test_a_code_is_the_same_in_any_case_and_grouping(client, invitation, spelling):
    assert post(client, VALIDATE, code=spelling).json() == {"sub_account_name": "Acme"}


def test_a_code_outlives_the_rotation_of_the_key(client, invitation, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key-" * 5, [settings.SECRET_KEY]

    assert post(client, VALIDATE, code=CODE).status_code == 200


# Validating.


def unknown(cast, invitation):
    change(invitation, code="another")


def expired(cast, invitation):
    change(invitation, expires_at=timezone.now() - timedelta(seconds=1))


def used_up(cast, invitation):
    change(invitation, max_uses=3, current_uses=3)


def revoked(cast, invitation):
    change(invitation, is_active=False)


def of_a_disabled_sub_account(cast, invitation):
    change(cast.acme, is_active=False)


def into_onboarding(cast, invitation):
    change(invitation, sub_account=cast.onboarding)


def with_a_password(cast, invitation):
    change(invitation, password=make_password("seven copper kettles"))


BROKEN = [unknown, expired, used_up, revoked, of_a_disabled_sub_account, into_onboarding, with_a_password]


@pytest.mark.parametrize("spoil", BROKEN)
def test_every_code_that_does_not_open_is_answered_alike(cast, client, invitation, newcomer, spoil):
    spoil(cast, invitation)
    expected = {"code": "invalid_invitation", "detail": invitations.InvalidInvitation.detail, "errors": []}

    answers = [
        post(client, VALIDATE, code=CODE),
        post(client, VALIDATE, code=CODE, invitation_password="wrong"),
        post(client, REGISTER_AND_JOIN, **person(code=CODE)),
        post(client_of(newcomer), JOIN, code=CODE),
    ]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(404, expected)] * 4
    assert found(invitation).current_uses in (0, 3)
    assert found(newcomer).sub_account_id == cast.onboarding.pk
    assert work_off_mails() == []


def test_validating_uses_nothing_up(client, invitation):
    assert [post(client, VALIDATE, code=CODE).status_code for _ in range(3)] == [200] * 3
    assert found(invitation).current_uses == 0


def test_an_invitation_with_a_password_asks_for_it(cast, client, invitation):
    with_a_password(cast, invitation)

    assert outcome(post(client, VALIDATE, code=CODE, invitation_password="Seven copper kettles")) == INVALID
    assert post(client, VALIDATE, code=CODE, invitation_password="seven copper kettles").status_code == 200


@pytest.mark.parametrize("spoil", [unknown, expired, with_a_password, None])
@pytest.mark.parametrize(("body", "hashes"), [({}, 0), ({"invitation_password": "wrong"}, 1)])
def test_how_often_is_hashed_depends_on_what_was_asked_alone(
    cast, client, invitation, monkeypatch, spoil, body, hashes
):
    """What takes the time is hashing: so the time doesn't tell that there is a code, or that it has a password."""
    post(client, VALIDATE, code="warm", invitation_password="x")  # makes the hash of no invitation, once a process
    if spoil:
        spoil(cast, invitation)
    hashed, verify = [], Argon2PasswordHasher.verify
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda *args: hashed.append(args) or verify(*args))

    post(client, VALIDATE, code=CODE, **body)

    assert len(hashed) == hashes


def test_codes_can_not_be_searched_from_one_address(client, invitation, newcomer, settings):
    """Validating, registering and joining count together, and a right code is refused, too."""
    settings.INVITATION_THROTTLE = "3/3600"
    post(client, VALIDATE, code="AAAAAAAA")
    post(client, REGISTER_AND_JOIN, **person(code="BBBBBBBB"))
    post(client_of(newcomer), JOIN, code="CCCCCCCC")

    answers = [
        post(client, VALIDATE, code=CODE),
        post(client, REGISTER_AND_JOIN, **person(code=CODE)),
        post(client_of(newcomer), JOIN, code=CODE),
    ]

    assert [outcome(answer) for answer in answers] == [(429, "throttled")] * 3
    assert all(1 <= int(answer.headers["Retry-After"]) <= 3600 for answer in answers)


def test_the_password_of_an_invitation_can_not_be_searched_from_many_addresses(cast, client, invitation, settings):
    with_a_password(cast, invitation)
    settings.TRUSTED_PROXY_HOPS = 1
    tries = [
        client.post(
            VALIDATE,
            {"code": code, "invitation_password": "wrong"},
            content_type=JSON,
            headers={"X-Forwarded-For": f"198.51.{number}.7"},
        ).status_code
        for number, code in enumerate(["k7px-2m4q", CODE] * 51)
    ]

    assert (tries[:100], tries[100:]) == ([404] * 100, [429] * 2)


# Registering.


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

    assert "bob" not in token.lower()
    assert "argon2" not in token


# Confirming.


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


# Joining.


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
    assert costs == [7, 7, 17, 7]


# Races, with real threads and connections.


def at_once(jobs: list) -> list:
    """Do all at the same time, each in a thread and connection of its own; return what came of them."""
    barrier = Barrier(len(jobs))

    def run(job):
        barrier.wait()
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [done.result() for done in [pool.submit(run, job) for job in jobs]]


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
