"""Access tokens: only ours, unexpired and whole, open anything; whatever else comes is a 401."""

import base64
import hmac
import json
import time

import jwt
import pytest
from django.conf import settings

from accounts import tokens
from accounts.tests.factories import issue_token

pytestmark = pytest.mark.django_db

ME = "/api/v1/me/"
KEY = settings.SIMPLE_JWT["SIGNING_KEY"]
REFUSAL = {"code": "invalid_token", "detail": "The access token is invalid or has expired.", "errors": []}


def sign(
    user, *, without: str = "", key: str = KEY, algorithm: str = "HS256", kid: str | None = None, **changes
) -> str:
    """Return a token like the one issued to a user, with changed claims or one of them missing."""
    claims = {**issue_token(user).payload, **changes}
    claims.pop(without, None)
    # Past the checks of the library's own encoder, which refuses some of what has to be refused here.
    return jwt.api_jws.encode(
        json.dumps(claims).encode(), key, algorithm, headers={"typ": "JWT", "kid": kid or tokens.key_id(KEY)}
    )


def ask(client, token: str):
    return client.get(ME, headers={"Authorization": f"Bearer {token}"})


def test_an_issued_token_opens_ones_own_account(client, alice):
    answer = ask(client, str(issue_token(alice)))

    assert (answer.status_code, answer.json()["id"]) == (200, alice.pk)


def test_a_token_tells_whose_it_is_and_nothing_that_is_secret(alice):
    claims = jwt.decode(str(issue_token(alice)), options={"verify_signature": False})

    assert claims.keys() == {
        *("aud", "exp", "iat", "iss", "jti", "sid", "stamp", "sub", "sub_account_id", "token_type")
    }
    assert (claims["sub"], claims["sub_account_id"]) == (str(alice.pk), alice.sub_account_id)
    assert 300 <= claims["exp"] - time.time() <= 900
    assert claims["stamp"] not in alice.password


FORGERIES = {
    "no signature": lambda user: sign(user, key="", algorithm="none"),
    "another key": lambda user: sign(user, key="another-key-" * 4),
    "Django's key": lambda user: sign(user, key=settings.SECRET_KEY),
    "HS384 with our key": lambda user: sign(user, algorithm="HS384"),
    "HS512 with our key": lambda user: sign(user, algorithm="HS512"),
    "cut signature": lambda user: str(issue_token(user))[:-6],
    "another token's signature": lambda user: (
        sign(user, sub="1").rsplit(".", 1)[0] + "." + str(issue_token(user)).rsplit(".", 1)[1]
    ),
}
MISFITS = {
    "a refresh token": {"token_type": "refresh"},
    "another issuer": {"iss": "somebody"},
    "another audience": {"aud": "somebody"},
    "several audiences without us": {"aud": ["a", "b"]},
    "expired": {"exp": 1},
    "expires at infinity": {"exp": 10**400},
    "expires at a word": {"exp": "never"},
    "issued in the future": {"iat": 10**11},
    "not yet valid": {"nbf": 10**11},
    "nobody's": {"sub": "0"},
    "of an unknown user": {"sub": str(2**62)},
    "of a huge number": {"sub": str(10**30)},
    "of the first number too large": {"sub": str(2**63)},
    "of a longer number than Python reads": {"sub": "9" * 5000},
    "of a negative number": {"sub": "-7"},
    "of a word": {"sub": "alice"},
    "of digits that are not ASCII": {"sub": "\u0661"},
    "of a list": {"sub": [1]},
    "of a number": {"sub": 1},
    "of no sub-account": {"sub_account_id": None},
    "of sub-account 0": {"sub_account_id": 0},
    "of a huge sub-account": {"sub_account_id": 10**30},
    "of the first sub-account too large": {"sub_account_id": 2**63},
    "of a sub-account of infinite number": {"sub_account_id": float("inf")},
    "of a sub-account that is true": {"sub_account_id": True},
    "of a sub-account in words": {"sub_account_id": "1 OR true"},
    "of sub-accounts": {"sub_account_id": [1, 2]},
    "of no session": {"sid": None},
    "of an unknown session": {"sid": "c" + "0" * 24},
    "of a session that is no text": {"sid": {"a": 1}},
    "of a session with a NUL": {"sid": "c\x00" + "0" * 23},
    "another stamp": {"stamp": "0" * 32},
    "no text for a stamp": {"stamp": {"a": 1}},
    "a stamp that is not ASCII": {"stamp": "é" * 32},
}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_token_opens_nothing(client, alice, forge):
    answer = ask(client, forge(alice))

    assert (answer.status_code, answer.json()) == (401, REFUSAL)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="loctelli"'


@pytest.mark.parametrize("claims", MISFITS.values(), ids=MISFITS)
def test_a_token_that_says_something_else_opens_nothing(client, alice, claims):
    answer = ask(client, sign(alice, **claims))

    assert (answer.status_code, answer.json()) == (401, REFUSAL)


@pytest.mark.parametrize("claim", ["exp", "iss", "aud", "token_type", "sub", "sub_account_id", "stamp", "sid", "jti"])
def test_a_token_without_one_of_its_claims_opens_nothing(client, alice, claim):
    answer = ask(client, sign(alice, without=claim))

    assert (answer.status_code, answer.json()) == (401, REFUSAL)


def test_a_token_names_the_sub_account_its_user_is_in(client, alice, globex):
    answer = ask(client, sign(alice, sub_account_id=globex.pk))

    assert (answer.status_code, answer.json()) == (401, REFUSAL)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer a.b.c",
        "Bearer " + "." * 50,
        "Bearer é.ü.ö",
        "Bearer \x7f",
        "Bearer eyJhbGciOiJIUzI1NiJ9.W10.x",
        "Bearer " + "a" * 1_000_000,
        "Bearer " + "a." * 500_000,
        "Basic YWxpY2U6eA==",
        "nonsense",
    ],
    ids=lambda header: header[:20],
)
def test_garbage_opens_nothing(client, alice, header):
    answer = client.get(ME, headers={"Authorization": header})

    assert (answer.status_code, answer.json()) == (401, REFUSAL)


# The two keys.

OLD, NEW = "an-older-signing-key-of-43-characters-at-least", "a-newer-signing-key-of-43-characters-at-least"


def test_a_token_names_its_key_without_giving_it_away(alice):
    header = jwt.get_unverified_header(str(issue_token(alice)))

    assert header == {"alg": "HS256", "typ": "JWT", "kid": tokens.key_id(KEY)}
    assert header["kid"] not in KEY


def test_a_key_is_changed_without_ending_anything(client, alice, settings):
    settings.JWT_SIGNING_KEY = OLD
    before = str(issue_token(alice))

    settings.JWT_SIGNING_KEY, settings.JWT_SIGNING_KEY_PREVIOUS = NEW, OLD

    after = str(issue_token(alice))
    assert jwt.get_unverified_header(after)["kid"] == tokens.key_id(NEW)
    assert [ask(client, token).status_code for token in (before, after)] == [200, 200]
    settings.JWT_SIGNING_KEY_PREVIOUS = ""
    assert [ask(client, token).status_code for token in (before, after)] == [401, 200]


@pytest.mark.parametrize("kid", ["", "unknown", None, 1, [], {"a": 1}])
def test_a_token_of_an_unknown_key_opens_nothing_though_it_is_signed_right(client, alice, kid):
    claims = json.dumps(issue_token(alice).payload).encode()
    header = {"typ": "JWT"} if kid is None else {"typ": "JWT", "kid": kid}
    try:
        token = jwt.api_jws.encode(claims, KEY, "HS256", headers=header)
    except jwt.InvalidTokenError:
        # Not even the library's encoder writes it.
        head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", **header}).encode()).rstrip(b"=")
        body = base64.urlsafe_b64encode(claims).rstrip(b"=")
        signature = hmac.digest(KEY.encode(), head + b"." + body, "sha256")
        token = b".".join([head, body, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()

    answer = ask(client, token)

    assert (answer.status_code, answer.json()) == (401, REFUSAL)


def test_a_token_signed_with_one_key_under_the_other_s_name_opens_nothing(client, alice, settings):
    settings.JWT_SIGNING_KEY_PREVIOUS = OLD

    assert ask(client, sign(alice, kid=tokens.key_id(OLD))).status_code == 401
