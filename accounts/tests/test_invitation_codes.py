"""Codes of invitations: unmistakable, stored as nothing that opens, and not to be searched."""

import re

import pytest
from django.contrib.auth.hashers import make_password

from accounts.hashers import Argon2PasswordHasher
from accounts.tests.onboarding_cast import (
    BROKEN,
    CODE,
    INVALID,
    JOIN,
    JSON,
    REGISTER_AND_JOIN,
    VALIDATE,
    change,
    expired,
    found,
    outcome,
    person,
    post,
    unknown,
    with_a_password,
    work_off_mails,
)
from loctelli.tests.cast import client_of
from tenants import invitations
from tenants.scope import system_scope

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient")]


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


def test_an_invitation_whose_password_was_changed_since_it_was_opened_is_not_redeemed(invitation):
    opened = invitations.open_invitation(CODE, None)
    change(invitation, password=make_password("seven copper kettles"))

    with pytest.raises(invitations.InvalidInvitation), system_scope("test"):
        invitations.redeem(opened)

    assert found(invitation).current_uses == 0


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
