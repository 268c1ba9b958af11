"""The API's throttles: whom a request counts for, what every answer tells, and that nobody uses up another's."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from accounts.tests.factories import UserFactory, issue_token
from accounts.throttles import policies_of
from security.apps import check_rate
from security.choices import IncidentType
from security.models import SecurityIncident
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db

ME, LEADS, LOGIN = "/api/v1/me/", "/api/v1/leads/", "/api/v1/auth/login/"


def client_of(user=None, *, address: str = "203.0.113.7", **headers: str) -> Client:
    if user is not None:
        headers["Authorization"] = f"Bearer {issue_token(user)}"
    return Client(raise_request_exception=False, headers=headers, REMOTE_ADDR=address)


def statuses(client: Client, times: int, path: str = ME) -> list[int]:
    return [client.get(path).status_code for _ in range(times)]


def remaining(answer) -> dict[str, int]:
    return {name: int(left) for name, left in re.findall(r'"(\w+)";r=(\d+)', answer.headers["RateLimit"])}


def test_a_user_is_throttled_wherever_the_requests_come_from(alice, settings):
    settings.API_THROTTLE = "2/60"

    answers = [client_of(alice, address=f"203.0.113.{number}").get(ME).status_code for number in range(3)]

    assert answers == [200, 200, 429]


def test_a_sub_account_is_throttled_as_a_whole_and_no_other(cast, settings):
    settings.SUB_ACCOUNT_THROTTLE = "3/60"
    with system_scope("test"):
        ben = UserFactory(sub_account=cast.acme)

    answers = [*statuses(client_of(cast.alice), 2), *statuses(client_of(ben), 2)]

    assert answers == [200, 200, 200, 429]
    assert statuses(client_of(cast.mallory), 3) == [200, 200, 200]


def test_what_one_user_is_refused_does_not_use_up_what_is_the_colleagues(cast, settings):
    settings.API_THROTTLE, settings.SUB_ACCOUNT_THROTTLE = "2/60", "5/60"
    with system_scope("test"):
        ben = UserFactory(sub_account=cast.acme)

    flood = statuses(client_of(cast.alice), 30)

    assert flood == [200] * 2 + [429] * 28
    assert remaining(client_of(ben).get(ME)) == {"api": 1, "sub_account": 2}


@pytest.mark.parametrize("path", [ME, LOGIN, "/api/v1/nowhere/", "/api/schema/", "/api/nowhere"])
def test_without_a_token_an_address_is_throttled(path, settings):
    settings.ANONYMOUS_THROTTLE = "2/60"
    client = client_of()

    answers = [client.get(path) for _ in range(3)]

    assert 429 not in [answer.status_code for answer in answers[:2]]
    assert [remaining(answer) for answer in answers] == [{"address": 1}, {"address": 0}, {"address": 0}]
    assert answers[2].status_code == 429
    assert answers[2].json()["code"] == "throttled"
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert answers[2].headers["RateLimit"] == f'"address";r=0;t={answers[2].headers["Retry-After"]}'
    assert client_of(address="203.0.113.8").get(path).status_code != 429


def test_an_address_is_the_whole_network_of_one_client(settings):
    settings.ANONYMOUS_THROTTLE = "2/60"
    answers = [client_of(address=f"2001:db8:1:2::{number:x}").get(ME).status_code for number in range(3)]

    assert answers == [401, 401, 429]
    assert client_of(address="2001:db8:1:3::1").get(ME).status_code == 401


def test_strangers_at_an_address_do_not_use_up_what_a_user_there_has(alice, settings):
    settings.ANONYMOUS_THROTTLE = "1/60"
    assert statuses(client_of(), 3) == [401, 429, 429]

    assert statuses(client_of(alice), 3) == [200, 200, 200]


@pytest.mark.parametrize("forge", [lambda raw: raw[:-4] + "AAAA", lambda raw: raw.rpartition(".")[0] + "."])
def test_a_forged_token_counts_for_its_address_and_not_for_whom_it_names(forge, alice, settings):
    settings.API_THROTTLE, settings.ANONYMOUS_THROTTLE = "1/60", "2/60"
    forged = Client(headers={"Authorization": f"Bearer {forge(str(issue_token(alice)))}"}, REMOTE_ADDR="203.0.113.7")

    assert statuses(forged, 3) == [401, 401, 429]
    assert statuses(client_of(alice), 1) == [200]


def test_past_the_throttle_forged_tokens_are_not_even_reported(alice, settings):
    settings.ANONYMOUS_THROTTLE = "1/60"
    headers, payload, _ = str(issue_token(alice)).split(".")
    forged = Client(headers={"Authorization": f"Bearer {headers}.{payload}.AAAA"}, REMOTE_ADDR="203.0.113.7")

    assert statuses(forged, 4) == [401, 429, 429, 429]

    with system_scope("test"):
        (incident,) = SecurityIncident.objects.filter(type=IncidentType.TOKEN_FORGERY)
    assert incident.metadata["count"] == 1


def test_a_header_of_ones_own_makes_no_new_address(settings):
    settings.ANONYMOUS_THROTTLE = "2/60"
    spoofs = [
        {"X-Forwarded-For": "198.51.100.1"},
        {"Forwarded": "for=198.51.100.2"},
        {"X-Real-IP": "198.51.100.3", "True-Client-IP": "198.51.100.4", "Client-IP": "198.51.100.5"},
    ]

    assert [client_of(**spoof).get(ME).status_code for spoof in spoofs] == [401, 401, 429]


def test_behind_a_proxy_the_address_it_saw_counts_and_no_other(settings):
    settings.ANONYMOUS_THROTTLE, settings.TRUSTED_PROXY_HOPS = "2/60", 1

    def status(forwarded: str) -> int:
        return client_of(address="10.0.0.1", **{"X-Forwarded-For": forwarded}).get(ME).status_code

    spoofed = [status(f"6.6.6.{number}, 198.51.100.1") for number in range(3)]

    assert spoofed == [401, 401, 429]
    assert status("198.51.100.1, 198.51.100.2") == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", ME, 200),
        ("get", f"{LEADS}999/", 404),
        ("post", ME, 405),
        ("patch", ME, 400),
        ("get", "/api/v1/nowhere/", 404),
        ("get", LEADS, 200),
    ],
)
def test_every_answer_tells_how_much_is_left(method, path, status, alice):
    answer = getattr(client_of(alice), method)(path, {"nonsense": 1}, content_type="application/json")

    assert answer.status_code in (status, 400)
    assert list(remaining(answer)) == ["api", "sub_account"]


def test_a_failure_tells_how_much_is_left_too(alice, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("accounts.views.people.MeViewSet.get_key", fail)

    answer = client_of(alice).get(ME)

    assert answer.status_code == 500
    assert list(remaining(answer)) == ["api", "sub_account"]


def test_the_answer_to_a_sign_in_tells_of_both_throttles(settings):
    settings.ANONYMOUS_THROTTLE, settings.LOGIN_THROTTLE = "9/60", "1/60"
    client, body = client_of(), {"email": "a@b.example", "password": "wrong"}

    client.post(LOGIN, body, content_type="application/json")
    refused = client.post(LOGIN, body, content_type="application/json")

    assert refused.status_code == 429
    assert remaining(refused) == {"address": 7, "login": 0}
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


PERSON = {"name": "Joan", "email": "joan@x.example", "password": "a staple of nine batteries"}
OPEN = {
    "login/": ("LOGIN_THROTTLE", {"email": "joan@x.example", "password": "x"}),
    "refresh/": ("API_THROTTLE", {"refresh_token": "x"}),
    "logout/": ("API_THROTTLE", {"refresh_token": "x"}),
    "password/forgotten/": ("PASSWORD_THROTTLE", {"email": "joan@x.example"}),
    "password/reset/": ("PASSWORD_THROTTLE", {"token": "x", "password": "a staple of nine batteries"}),
    "invitations/validate/": ("INVITATION_THROTTLE", {"code": "K7PX2M4Q"}),
    "register-and-join/": ("INVITATION_THROTTLE", {**PERSON, "code": "K7PX2M4Q"}),
    "register/": ("REGISTRATION_THROTTLE", PERSON),
    "register/confirm/": ("REGISTRATION_THROTTLE", {"token": "x", "password": "a staple of nine batteries"}),
}


@pytest.mark.parametrize("path", OPEN)
def test_what_is_open_to_strangers_has_a_throttle_of_its_own_an_address(path, settings):
    name, body = OPEN[path]
    settings.LOGIN_ACCOUNT_THROTTLE = "1000000/60"
    setattr(settings, name, "2/3600")

    answers = [
        client_of(address=address).post(f"/api/v1/auth/{path}", body, content_type="application/json").status_code
        for address in ("198.51.100.1", "198.51.100.1", "198.51.100.1", "198.51.100.2")
    ]

    assert [status == 429 for status in answers] == [False, False, True, False]
    assert {status for status in answers if status != 429} <= {202, 204, 401, 403, 404}


def test_pages_outside_the_api_are_not_counted(rf):
    assert policies_of(rf.get("/healthz"), None) == {}
    assert policies_of(rf.get("/console/"), None) == {}


@pytest.mark.parametrize("name", ["API_THROTTLE", "SUB_ACCOUNT_THROTTLE", "ANONYMOUS_THROTTLE", "LOGIN_THROTTLE"])
def test_a_setting_that_is_no_rate_stops_the_start(name, settings):
    setattr(settings, name, "many")

    with pytest.raises(ImproperlyConfigured, match=f'^{name}: "many" is no rate'):
        check_rate(name)
