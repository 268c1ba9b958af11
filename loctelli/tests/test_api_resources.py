"""The conventions over HTTP, on resources declared as any app would."""

import pytest
from django.test import Client

from accounts.tests.factories import issue_token
from crm.models import Booking, Lead
from loctelli.tests.api_cast import errors_of
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db


# Bodies.


def test_a_row_is_made_read_changed_and_deleted(one):
    made = one.send("POST", "leads/", {"name": "Lee", "regular_user_id": one.user.pk, "strategy_id": one.strategy.pk})
    path = f"leads/{made.json()['id']}/"
    changed = one.send("PATCH", path, {"notes": "Calls back."})

    assert made.status_code == 201
    assert made.json()["sub_account_id"] == one.sub_account.pk
    assert made.json()["created_at"].endswith("Z")
    assert changed.json()["notes"] == "Calls back."
    assert changed.json()["updated_at"] > made.json()["updated_at"]
    assert one.get(path).json() == changed.json()
    assert one.send("DELETE", path).status_code == 204
    assert one.get(path).status_code == 404
    assert one.send("PUT", path, {}).status_code == 405


def test_a_body_is_refused_with_the_path_of_each_fault(one):
    data = {
        "name": 5,
        "email": "nonsense",
        "notes": "x" * 50_001,
        "conversation_state": [],
        "regular_user_id": "1",
        "strategy_id": one.strategy.pk,
        "id": 7,
        "sub_account_id": 1,
        "colour": "red",
    }
    response = one.send("POST", "leads/", data)

    assert response.status_code == 400
    assert response.json()["code"] == "validation_error"
    assert errors_of(response) == [
        ("colour", "unknown_field"),
        ("conversation_state", "not_an_object"),
        ("email", "invalid"),
        ("id", "read_only"),
        ("name", "invalid"),
        ("notes", "max_length"),
        ("regular_user_id", "incorrect_type"),
        ("sub_account_id", "read_only"),
    ]


@pytest.mark.parametrize(
    ("body", "code"), [("[]", "invalid"), ('"x"', "invalid"), ("5", "invalid"), ("true", "invalid"), ("null", "null")]
)
def test_a_body_that_is_no_object_is_refused(one, body, code):
    response = one.send("POST", "leads/", raw=body.encode())

    assert response.status_code == 400
    assert errors_of(response) == [("", code)]


def test_what_is_set_on_creation_only_stays(one):
    lead = one.lead()

    response = one.send("PATCH", f"leads/{lead['id']}/", {"message_history": [{"role": "user"}]})

    assert errors_of(response) == [("message_history", "read_only")]


def test_a_foreign_row_is_answered_like_one_that_does_not_exist(one, two):
    lead = two.lead()
    mine = one.lead()

    there, nowhere = (
        one.send("PATCH", f"leads/{mine['id']}/", {"regular_user_id": pk}) for pk in (two.user.pk, 10**15)
    )

    assert one.get(f"leads/{lead['id']}/").status_code == 404
    assert one.send("PATCH", f"leads/{lead['id']}/", {"name": "x"}).status_code == 404
    assert one.send("DELETE", f"leads/{lead['id']}/").status_code == 404
    assert errors_of(there) == [("regular_user_id", "does_not_exist")]
    assert there.content == nowhere.content


@pytest.mark.parametrize("pk", ["0x1", "-1", "9" * 19, "1.0", "%00", "cabc", "٣"])
def test_a_malformed_key_is_not_found(one, pk):
    response = one.get(f"leads/{pk}/")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_what_is_sent_in_another_type_is_refused(one):
    client = Client(headers={"Authorization": f"Bearer {issue_token(one.user)}"})

    form = client.post("/api/v1/leads/", {"name": "x"})
    untyped = client.generic("POST", "/api/v1/leads/", b'{"name": "x"}', content_type="")

    assert (form.status_code, form.json()["code"]) == (415, "unsupported_media_type")
    assert untyped.status_code == 415


def test_without_a_user_there_is_nothing_but_a_challenge(one):
    response = Client().get("/api/v1/leads/")

    assert response.status_code == 401
    assert response.json()["code"] == "not_authenticated"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "QUERY"])
def test_a_method_that_is_not_taken_is_named_so(one, method):
    response = one.send(method, "leads/")

    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"
    assert response.headers["Allow"] == "GET, POST, HEAD"


# Constraints.


def test_a_broken_unique_constraint_names_its_field(one, two):
    taken = {"name": "Roofs", "slug": "roofs", "title": "Roofs", "schema": []}
    two.send("POST", "form-templates/", taken)

    response = one.send("POST", "form-templates/", taken)

    assert response.status_code == 400
    assert errors_of(response) == [("slug", "unique")]
    assert one.get("form-templates/").json()["results"] == []


def test_a_broken_check_constraint_names_its_field(one):
    response = one.send("PATCH", f"users/{one.user.pk}/", {"role": "system"})

    assert response.status_code == 400
    assert response.json()["code"] == "validation_error"


# One's own sub-account.


def test_the_sub_account_is_ones_own(one, two):
    changed = one.send("PATCH", "sub-account/", {"description": "Roofs", "settings": {"a": 1}})
    refused = one.send("PATCH", "sub-account/", {"is_active": False, "created_by_admin_id": 1})

    assert changed.status_code == 200
    assert changed.json()["description"] == "Roofs"
    assert two.get("sub-account/").json()["name"] == "two"
    assert errors_of(refused) == [("created_by_admin_id", "unknown_field"), ("is_active", "read_only")]


def test_an_unknown_address_answers_in_the_same_shape(one):
    response = one.get("nowhere/")

    assert response.status_code == 404
    assert errors_of(response) == []


def test_integers_past_64_bits_in_a_column_are_shown(one):
    lead = one.lead()
    with system_scope("written by other means"):
        Lead.objects.filter(pk=lead["id"]).update(conversation_state={"n": 2**70})

    assert one.get(f"leads/{lead['id']}/").json()["conversation_state"] == {"n": 2**70}


def test_a_booking_that_names_its_lead_shows_it(one):
    lead = one.lead()
    made = one.send(
        "POST",
        "bookings/?include=lead",
        {
            "booking_type": "demo",
            "details": {"date": "2026-05-01"},
            "lead_id": lead["id"],
            "regular_user_id": one.user.pk,
        },
    )

    assert made.status_code == 201
    assert made.json()["lead"] == lead
    assert Booking._meta.get_field("lead").null
