"""What is plainly written takes the short way: it answers from the INSERT, and reads along what bodies refer to."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from accounts.tests.factories import UserFactory
from agents.tests.factories import StrategyFactory
from crm.models import Lead
from loctelli.api import ahead
from loctelli.tests.api_world import furnish, references
from loctelli.tests.cast import client_of
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db

LEADS = "/api/v1/leads/"
TEXTS = (
    "ai_name", "ai_role", "conversation_tone", "qualification_questions", "objection_handling", "closing_strategy",
)  # fmt: skip
BODIES = {
    "leads": {
        "name": "Zoë <b>",
        "email": "zoe@customer.example",
        "conversation_state": {"stage": "discovery", "n": 1.5, "list": [None, True]},
        "message_history": [{"role": "user", "content": "Grüße", "at": None}],
        "booking": {"booking_type": "consultation", "details": {"date": "2027-01-15", "time": "10:00"}},
    },
    "bookings": {"booking_type": "consultation", "details": {"date": "2027-01-15", "time": "10:00"}, "lead_id": None},
    "strategies": {"name": "Closer", "metadata": {"a": [1, {"b": 2}]}, **dict.fromkeys(TEXTS, "x")},
    "form-templates": {
        "name": "Contact",
        "slug": "contact-us",
        "title": "Write to us",
        "schema": [{"id": "name", "type": "text", "label": "Name", "required": True}],
    },
    "integrations": {"name": "CRM", "config": {"locationId": "b1", "apiKey": "k-1"}},
}


@pytest.fixture
def world(cast):
    return furnish(cast)


def body_for(resource: str, cast, world) -> dict:
    wanted = {
        "leads": ["regular_user_id", "strategy_id"],
        "bookings": ["regular_user_id", "lead_id"],
        "strategies": ["regular_user_id", "prompt_template_id"],
        "integrations": ["integration_template_id"],
    }
    known = references(cast, world)
    return {**BODIES[resource], **{name: known[name] for name in wanted.get(resource, ())}}


@pytest.mark.parametrize("query", ["", "?fields=id,created_at", "?include="])
@pytest.mark.parametrize("resource", BODIES)
def test_what_is_made_is_answered_as_it_is_read(resource, query, cast, world):
    address, client = f"/api/v1/{resource}/", client_of(cast.alice)
    includes = resolve(address).func.cls.serializer_class.includes()
    if query == "?include=" and not includes:
        query = ""
    query += ",".join(includes) if query == "?include=" else ""

    made = client.post(f"{address}{query}", body_for(resource, cast, world))

    assert made.status_code == 201, made.json()
    assert made.content == client.get(f"{address}{made.json()['id']}/{query}").content


def test_a_create_asks_nothing_but_who_asks_what_it_refers_to_and_the_insert(cast, world):
    body = body_for("leads", cast, world)
    del body["booking"], body["message_history"]

    with CaptureQueriesContext(connection) as captured:
        made = client_of(cast.alice).post(LEADS, body)

    asked = [query["sql"] for query in captured.captured_queries if '"leads"' in query["sql"]]
    assert made.status_code == 201
    assert len(asked) == 1
    assert asked[0].startswith("INSERT")


def test_what_is_read_along_is_read_in_the_callers_own_sub_account(cast, world):
    with system_scope("test"):
        foreign = StrategyFactory(sub_account=cast.globex, regular_user=UserFactory(sub_account=cast.globex))
    body = {**body_for("leads", cast, world), "strategy_id": foreign.pk}

    refused = client_of(cast.alice).post(LEADS, body)

    assert refused.status_code == 400
    assert [(error["path"], error["code"]) for error in refused.json()["errors"]] == [("strategy_id", "does_not_exist")]


def test_who_has_joined_since_refers_to_what_is_in_the_new_sub_account(cast, world):
    with system_scope("test"):
        newcomer = UserFactory(sub_account=cast.onboarding, role="admin")
    client = client_of(newcomer)
    with system_scope("test"):
        newcomer.sub_account = cast.acme
        newcomer.save()

    made = client.post(LEADS, body_for("leads", cast, world))

    assert (made.status_code, made.json()["sub_account_id"]) == (201, cast.acme.pk)


def test_a_long_body_is_not_looked_into_beforehand_and_is_taken_all_the_same(cast, world, monkeypatch):
    monkeypatch.setattr(ahead, "PLANNED_BODY", 10)

    made = client_of(cast.alice).post(LEADS, body_for("leads", cast, world))

    assert made.status_code == 201


def test_who_may_not_write_writes_nothing(cast, world):
    body = body_for("strategies", cast, world)
    with system_scope("test"):
        cast.alice.role = "user"
        cast.alice.save()

    refused = client_of(cast.alice).post("/api/v1/strategies/", body)

    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")


def test_what_fails_after_the_insert_leaves_nothing(cast, world, monkeypatch):
    def fails(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr("crm.services.first_booking", fails)
    client = client_of(cast.alice)
    client.raise_request_exception = False

    broken = client.post(LEADS, body_for("leads", cast, world))

    assert broken.status_code == 500
    assert broken.json()["code"] == "server_error"
    with system_scope("test"):
        assert not Lead.objects.filter(name="Zoë <b>").exists()
