"""The API's own way in: what its answers carry, and who is turned away at the door."""

import pytest
from django.test import Client

from loctelli.csp import policy_for
from loctelli.tests.cast import client_of

pytestmark = pytest.mark.django_db(transaction=True)

LEADS = "/api/v1/leads/"
ORIGIN = "https://app.acme.example"
# What every answer says of itself, whatever it is the answer to.
ALWAYS = {
    "Content-Security-Policy": policy_for(LEADS),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Vary": "origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def carried(answer) -> dict[str, str]:
    return {name: answer.headers.get(name) for name in ALWAYS}


def test_every_kind_of_answer_carries_the_same_headers(alice):
    api, stranger = client_of(alice), Client()
    answers = [
        api.get(LEADS),
        api.get(f"{LEADS}?status=lead"),
        api.get(f"{LEADS}1/"),
        api.post(LEADS, {}),
        api.delete(LEADS),
        stranger.get(LEADS),
        stranger.get("/api/v1/nothing/"),
        api.get(LEADS, headers={"Origin": ORIGIN}),
        api.get(LEADS, headers={"Origin": "https://elsewhere.example"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 404, 400, 405, 401, 404, 200, 200]
    assert [carried(answer) for answer in answers] == [ALWAYS] * len(answers)
    for answer in answers:
        assert answer.headers["Content-Length"] == str(len(answer.content))
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Request-ID"]


def test_only_a_front_end_that_is_known_may_read_along(alice, settings):
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    known, unknown = (
        client_of(alice).get(LEADS, headers={"Origin": origin}) for origin in (ORIGIN, "https://elsewhere.example")
    )

    assert known.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Origin" not in unknown.headers


def test_a_browser_is_told_beforehand_what_it_may_send(settings):
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}

    answer = Client().options(LEADS, headers=asked)

    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)
    assert "idempotency-key" in answer.headers["Access-Control-Allow-Headers"]


def test_under_another_hosts_name_nothing_is_answered(alice):
    answer = client_of(alice).get(LEADS, headers={"Host": "evil.example"})

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize("headers", [{}, {"Origin": ORIGIN}])
def test_where_https_is_asked_for_nothing_is_answered_without(alice, settings, headers):
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 60
    api = client_of(alice)

    plain = api.get(LEADS, headers=headers)
    secure = api.get(LEADS, headers=headers, secure=True)

    assert (plain.status_code, plain.headers["Location"]) == (301, f"https://testserver{LEADS}")
    assert (secure.status_code, secure.headers["Strict-Transport-Security"]) == (200, "max-age=60")
    assert "Strict-Transport-Security" not in plain.headers


def test_cookies_of_the_console_are_worth_nothing(ada, client):
    client.force_login(ada)

    answer = client.get(LEADS)

    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
