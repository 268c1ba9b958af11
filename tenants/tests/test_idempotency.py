"""`Idempotency-Key` with real transactions and real threads."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import UserFactory, issue_token
from loctelli.tests.api_cast import Business
from tenants import idempotency
from tenants.models import IdempotencyKey
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db(transaction=True)


def count(**found) -> int:
    with system_scope("a test looks"):
        return IdempotencyKey.objects.filter(**found).count()


def test_a_write_that_is_sent_again_happens_once_and_is_answered_alike(one):
    first = one.send("POST", "bookings/", booking(one), **{"Idempotency-Key": "k1"})
    again = one.send("POST", "bookings/", booking(one), **{"Idempotency-Key": "k1"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(one.get("bookings/").json()["results"]) == 1


def test_a_deletion_that_is_sent_again_is_answered_alike(one):
    path = f"bookings/{one.send('POST', 'bookings/', booking(one)).json()['id']}/"

    first = one.send("DELETE", path, **{"Idempotency-Key": "k1"})
    again = one.send("DELETE", path, **{"Idempotency-Key": "k1"})

    assert (first.status_code, again.status_code) == (204, 204)
    assert again.content == b""
    assert one.send("DELETE", path).status_code == 404


def test_a_key_is_of_one_request(one):
    one.send("POST", "bookings/", booking(one), **{"Idempotency-Key": "k1"})

    other_body = one.send("POST", "bookings/", {**booking(one), "status": "confirmed"}, **{"Idempotency-Key": "k1"})
    other_path = one.send("POST", "bookings/?fields=id", booking(one), **{"Idempotency-Key": "k1"})

    for refused in (other_body, other_path):
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert len(one.get("bookings/").json()["results"]) == 1


def test_a_key_is_of_one_user(one, two):
    first = one.send("POST", "bookings/", booking(one), **{"Idempotency-Key": "k1"})
    other = two.send("POST", "bookings/", booking(two), **{"Idempotency-Key": "k1"})

    assert (first.status_code, other.status_code) == (201, 201)
    assert count(key="k1") == 2


def test_a_colleague_s_key_of_the_same_name_is_another_one(one):
    with system_scope("test"):
        colleague = Business(one.sub_account, UserFactory(sub_account=one.sub_account, role="admin"), one.strategy)
    answers = [
        each.send("POST", "bookings/", {**booking(one), "booking_type": kind}, **{"Idempotency-Key": "k1"})
        for each, kind in [(one, "demo"), (colleague, "consultation")] * 2
    ]

    assert [answer.status_code for answer in answers] == [201] * 4
    assert [answer.content for answer in answers[2:]] == [answer.content for answer in answers[:2]]
    assert answers[0].content != answers[1].content
    assert count(key="k1") == 2


def test_a_refused_request_frees_its_key(one):
    refused = one.send("POST", "bookings/", {**booking(one), "status": "nonsense"}, **{"Idempotency-Key": "k1"})
    mended = one.send("POST", "bookings/", booking(one), **{"Idempotency-Key": "k1"})

    assert (refused.status_code, mended.status_code) == (400, 201)
    assert "Idempotency-Replayed" not in mended.headers


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é", "tab\there"])
def test_a_malformed_key_is_refused(one, key):
    response = one.send("POST", "bookings/", booking(one), **{"Idempotency-Key": key})

    assert (response.status_code, response.json()["code"]) == (400, "invalid_idempotency_key")


@pytest.mark.parametrize("path", ["bookings/", "bookings/export/", "sub-account/"])
def test_reading_takes_no_key(one, path):
    answer = one.send("GET", path, **{"Idempotency-Key": "k1"})

    assert (answer.status_code, len(b"".join(answer)) > 0) == (200, True)
    assert count() == 0


def test_the_kept_answer_is_not_plaintext(one):
    one.send("POST", "bookings/", {**booking(one), "details": {"where": "Moon Street"}}, **{"Idempotency-Key": "k1"})

    with system_scope("a test looks"):
        kept = IdempotencyKey.objects.get()

    assert "Moon Street" not in idempotency.base64.b64decode(kept.body).decode("latin-1")
    assert json.loads(idempotency.unseal(kept.body, kept.key, kept.fingerprint))["details"] == {"where": "Moon Street"}


def test_an_answer_outlives_a_rotated_secret_but_not_a_lost_one(settings):
    sealed = idempotency.seal(b"answer", "k1", "mark")

    settings.SECRET_KEY, former = "another-secret-" * 4, settings.SECRET_KEY
    settings.SECRET_KEY_FALLBACKS = [former]
    assert idempotency.unseal(sealed, "k1", "mark") == b"answer"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(idempotency.AnswerLost):
        idempotency.unseal(sealed, "k1", "mark")


def test_parallel_requests_with_one_key_write_once(one):
    def send(_) -> tuple[int, bytes, str | None]:
        try:
            response = one.send("POST", "bookings/", booking(one), **{"Idempotency-Key": "k1"})
            return response.status_code, response.content, response.headers.get("Idempotency-Replayed")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, range(8)))

    assert {status for status, _, _ in answers} == {201}
    assert len({content for _, content, _ in answers}) == 1
    assert sorted(str(replayed) for _, _, replayed in answers) == ["None"] + ["true"] * 7
    assert len(one.get("bookings/").json()["results"]) == 1


def test_parallel_requests_of_which_the_first_fails_still_write_once(one):
    """The failed one is rolled back, and whoever waited for it takes over."""
    bad = {**booking(one), "status": "nonsense"}

    def send(data: dict) -> int:
        try:
            return one.send("POST", "bookings/", data, **{"Idempotency-Key": "k1"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        answers = sorted(threads.map(send, [bad, booking(one)] * 4))

    assert set(answers) <= {201, 400, 422}
    assert answers.count(201) == 4
    assert len(one.get("bookings/").json()["results"]) == 1


def test_a_key_costs_two_statements(one):
    def statements(**headers) -> int:
        with CaptureQueriesContext(connection) as found:
            assert one.send("POST", "bookings/", booking(one), **headers).status_code == 201
        return len(found)

    assert statements(**{"Idempotency-Key": "k1"}) == statements() + 2


def test_an_unknown_user_claims_nothing(one):
    response = Client(headers={"Idempotency-Key": "k1"}).post("/api/v1/bookings/", {}, content_type="application/json")

    assert response.status_code == 401
    assert count() == 0


def test_a_throttled_request_leaves_its_key_to_the_next(one, settings):
    settings.API_THROTTLE = "1/60"
    one.get("bookings/")
    throttled = one.send("POST", "bookings/", booking(one), **{"Idempotency-Key": "k1"})
    settings.API_THROTTLE = "1000/60"

    made = one.send("POST", "bookings/", booking(one), **{"Idempotency-Key": "k1"})

    assert (throttled.status_code, made.status_code) == (429, 201)
    assert "Idempotency-Replayed" not in made


def test_who_is_gone_meanwhile_claims_nothing(one):
    token = issue_token(one.user)
    with system_scope("test"):
        one.strategy.delete()
        one.user.delete()
    client = Client(headers={"Idempotency-Key": "k1", "Authorization": f"Bearer {token}"})

    refused = client.post("/api/v1/bookings/", booking(one), content_type="application/json")

    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
    assert count() == 0


def booking(business) -> dict:
    return {"booking_type": "demo", "details": {}, "regular_user_id": business.user.pk}
