"""Forged access tokens are incidents; those that are merely useless are not."""

import base64
import json
import time

import jwt
import pytest
from django.test import Client

from accounts.tests.factories import issue_token
from security.tests.test_incidents import all_incidents

ME = "/api/v1/me/"


def segment(value: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims_of(user, **changes) -> dict:
    return {**issue_token(user).payload, **changes}


FORGERIES = {
    "none": lambda user: f"{segment({'alg': 'none', 'typ': 'JWT'})}.{segment(claims_of(user))}.",
    "another key": lambda user: jwt.encode(claims_of(user), "x" * 64, "HS256"),
    "another algorithm": lambda user: jwt.encode(claims_of(user), "x" * 64, "HS512"),
    "changed claims": lambda user: ".".join(
        [
            (parts := str(issue_token(user)).split("."))[0],
            segment(claims_of(user, sub_account_id=1)),
            parts[2],
        ]
    ),
}


HARMLESS = {
    "expired": lambda user: jwt.encode(claims_of(user, exp=int(time.time()) - 60), "x" * 64, "HS256"),
    "no token": lambda user: "hello",
    "not JSON": lambda user: "YQ.YQ.YQ",
    "no objects": lambda user: f"{base64.urlsafe_b64encode(b'[]').decode()}." * 2 + "YQ",
    "a megabyte": lambda user: "a." * 500_000,
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_token_is_an_incident(forge, alice):
    answer = Client().get(ME, headers={"Authorization": f"Bearer {forge(alice)}"})

    assert answer.status_code == 401
    (incident,) = all_incidents()
    assert (incident.type, incident.severity) == ("TOKEN_FORGERY", "HIGH")
    assert incident.metadata["claimed_user_id"] == str(alice.pk)
    assert incident.metadata["address"] == "127.0.0.1"
    # What a stranger claims doesn't show up among a sub-account's incidents.
    assert (incident.sub_account_id, incident.user_id) == (None, None)


@pytest.mark.parametrize("harmless", HARMLESS.values(), ids=HARMLESS)
def test_a_token_that_is_merely_useless_is_none(harmless, alice):
    answer = Client().get(ME, headers={"Authorization": f"Bearer {harmless(alice)}"})

    assert answer.status_code == 401
    assert all_incidents() == []
