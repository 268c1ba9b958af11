"""Signing in over the API: one answer for all that is wrong, and a record of every try."""

import pytest
from django.contrib.auth.hashers import identify_hasher, make_password

from accounts.hashers import Argon2PasswordHasher
from accounts.models import User
from accounts.tests.factories import PASSWORD
from security.models import AuthAttempt
from tenants.models import SubAccount
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db

LOGIN, ME = "/api/v1/auth/login/", "/api/v1/me/"
REFUSAL = {"code": "invalid_credentials", "detail": "The e-mail address or the password is wrong.", "errors": []}


def sign_in(client, email: str, password: str = PASSWORD, **headers):
    body = {"email": email, "password": password}
    return client.post(LOGIN, body, content_type="application/json", headers=headers)


def attempts() -> list[tuple]:
    with system_scope("test"):
        return list(AuthAttempt.objects.values_list("email", "account_type", "success", "failure_reason"))


def change(model, pk: int, **values) -> None:
    with system_scope("test"):
        model.objects.filter(pk=pk).update(**values)


def test_address_and_password_give_a_token_that_opens_ones_account(client, alice):
    answer = sign_in(client, alice.email)

    assert answer.status_code == 200
    body = answer.json()
    assert (body["token_type"], body["expires_in"], body["user"]["id"]) == ("Bearer", 900, alice.pk)
    assert body.keys() == {
        *("access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in", "device_token", "user")
    }
    assert "password" not in body["user"]
    assert answer.headers["Cache-Control"] == "no-store"
    opened = client.get(ME, headers={"Authorization": f"Bearer {body['access_token']}"})
    assert (opened.status_code, opened.json()["id"]) == (200, alice.pk)
    assert attempts() == [(alice.email, "user", True, None)]


def test_signing_in_notes_when(client, alice):
    sign_in(client, alice.email)

    with system_scope("test"):
        assert User.objects.get(pk=alice.pk).last_login is not None


@pytest.mark.parametrize("spelling", ["ALICE@ACME.EXAMPLE", "Alice@acme.example", "alice@ACME.example"])
def test_an_address_is_the_same_in_any_case(client, alice, spelling):
    assert sign_in(client, spelling).status_code == 200


def test_unknown_wrong_and_inactive_are_answered_alike_and_told_apart_in_the_record(client, cast):
    change(User, cast.mallory.pk, is_active=False)

    answers = [
        sign_in(client, "nobody@acme.example"),
        sign_in(client, cast.alice.email, "wrong"),
        sign_in(client, cast.mallory.email),
        sign_in(client, cast.system.email),
    ]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(401, REFUSAL)] * 4
    assert len({tuple(sorted(answer.headers)) for answer in answers}) == 1
    assert attempts() == [
        ("nobody@acme.example", "user", False, "invalid_credentials"),
        (cast.alice.email, "user", False, "invalid_credentials"),
        (cast.mallory.email, "user", False, "account_inactive"),
        (cast.system.email, "user", False, "invalid_credentials"),
    ]


def test_people_of_a_disabled_sub_account_do_not_get_in(client, alice, acme):
    change(SubAccount, acme.pk, is_active=False)

    answer = sign_in(client, alice.email)

    assert (answer.status_code, answer.json()) == (401, REFUSAL)


def test_the_wrong_password_of_an_inactive_account_says_no_more(client, alice):
    change(User, alice.pk, is_active=False)

    assert sign_in(client, alice.email, "wrong").json() == REFUSAL
    assert attempts() == [(alice.email, "user", False, "invalid_credentials")]


def test_an_admin_of_the_platform_is_nobody_here(client, ada):
    assert sign_in(client, ada.email).status_code == 401


@pytest.mark.parametrize("email", ["nobody@acme.example", "alice@acme.example", "mallory@globex.example"])
def test_every_try_hashes_once_whoever_it_is(client, cast, monkeypatch, email):
    """What takes the time is hashing; so the time tells nothing when each try hashes as often."""
    change(User, cast.mallory.pk, is_active=False)
    sign_in(client, "warm@acme.example", "wrong")  # makes the hash nobody has, once a process
    hashed, verify = [], Argon2PasswordHasher.verify

    def count(self, *args):
        hashed.append(args)
        return verify(self, *args)

    monkeypatch.setattr(Argon2PasswordHasher, "verify", count)
    sign_in(client, email, "wrong")

    assert len(hashed) == 1


def test_a_weaker_hash_is_renewed_without_ending_the_sign_in(client, alice, monkeypatch):
    with monkeypatch.context() as weaker:
        weaker.setattr(Argon2PasswordHasher, "time_cost", Argon2PasswordHasher.time_cost + 3)
        change(User, alice.pk, password=make_password(PASSWORD))
        with system_scope("test"):
            old = User.objects.get(pk=alice.pk).password

    token = sign_in(client, alice.email).json()["access_token"]

    with system_scope("test"):
        new = User.objects.get(pk=alice.pk).password
    assert new != old
    assert identify_hasher(new).decode(new)["time_cost"] == Argon2PasswordHasher.time_cost
    assert client.get(ME, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_the_record_says_from_where_and_with_what(client, alice):
    sign_in(client, alice.email, **{"User-Agent": "curl/8"})

    with system_scope("test"):
        attempt = AuthAttempt.objects.get()
    assert (attempt.ip_address, attempt.user_agent) == ("127.0.0.1", "curl/8")


def test_too_many_tries_from_one_address_are_throttled_even_with_the_right_password(client, alice, settings):
    settings.LOGIN_THROTTLE = "2/60"
    tried = [sign_in(client, alice.email, "wrong").status_code for _ in range(2)]

    refused = sign_in(client, alice.email)

    assert tried == [401, 401]
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit-Policy"].endswith(', "login";q=2;w=60')
    assert len(attempts()) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "alice@acme.example"},
        {"password": "x"},
        {"email": 1, "password": "x"},
        {"email": "a", "password": []},
    ],
)
def test_a_malformed_body_is_a_400_and_no_try(client, alice, body):
    answer = client.post(LOGIN, body, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    assert attempts() == []
