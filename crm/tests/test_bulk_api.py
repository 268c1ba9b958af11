"""Leads written many at a time: an outcome for each row, all or nothing where asked for, and nothing foreign."""

import json

import pytest

from accounts.choices import UserRole
from accounts.tests.factories import UserFactory
from agents.tests.factories import StrategyFactory
from crm.models import Lead
from crm.tests.bulk_calls import BULK, errors, names, outcomes
from crm.tests.factories import LeadFactory
from loctelli.tests.cast import client_of
from tenants.models import SubAccount
from tenants.scope import system_scope


def test_rows_with_an_id_change_a_lead_and_others_make_one(cast, row, as_alice):
    with system_scope("test"):
        joan, zed = (LeadFactory(name=name, strategy=cast.acme_strategy) for name in ("Joan", "Zed"))
    rows = [row(name="New"), {"id": joan.pk, "name": "Joan Reed"}, {"id": zed.pk, "name": "Zed"}]

    answer = as_alice.post(BULK, {"leads": rows})

    assert answer.status_code == 200, answer.content
    assert answer.json()["counts"] == {"created": 1, "updated": 1, "unchanged": 1, "failed": 0}
    made, changed, unchanged = answer.json()["results"]
    assert (changed, unchanged) == (
        {"index": 1, "outcome": "updated", "id": joan.pk, "errors": []},
        {"index": 2, "outcome": "unchanged", "id": zed.pk, "errors": []},
    )
    assert as_alice.get(f"/api/v1/leads/{made['id']}/").json()["name"] == "New"
    with system_scope("test"):
        before = zed.updated_at, joan.updated_at
        zed.refresh_from_db()
        joan.refresh_from_db()
        assert zed.updated_at == before[0]
        assert joan.updated_at > before[1]
        assert (joan.name, joan.email) == ("Joan Reed", joan.email)


def test_a_made_lead_is_what_a_single_call_makes(cast, row, as_alice):
    body = row(
        email="joan@customer.example", phone="+1 212 555 0142", timezone="Europe/Berlin", status="qualified",
        message_history=[{"role": "user", "content": "Hello"}], conversation_state={"stage": "discovery"},
        booking={"booking_type": "demo", "details": {"date": "2027-01-15", "time": "10:00"}},
    )  # fmt: skip

    single = as_alice.post("/api/v1/leads/", body).json()
    many = as_alice.post(BULK, {"leads": [body]}).json()["results"][0]["id"]
    found = as_alice.get(f"/api/v1/leads/{many}/?include=bookings").json()

    own = {"id", "created_at", "updated_at", "bookings"}
    assert {name: found[name] for name in found.keys() - own} == {name: single[name] for name in single.keys() - own}
    assert [(made["regular_user_id"], made["booking_type"]) for made in found["bookings"]] == [(cast.alice.pk, "demo")]


@pytest.mark.parametrize("match_by", ["custom_id", "email"])
def test_the_same_rows_sent_again_change_nothing(match_by, row, as_alice):
    rows = [row(custom_id=f"crm-{number}", email=f"{number}@customer.example") for number in range(3)]

    first, second = (as_alice.post(BULK, {"leads": rows, "match_by": match_by}) for _ in range(2))
    rows[1]["name"] = "Joan Reed"
    third = as_alice.post(BULK, {"leads": rows, "match_by": match_by})

    assert outcomes(first) == ["created"] * 3
    assert outcomes(second) == ["unchanged"] * 3
    assert outcomes(third) == ["unchanged", "updated", "unchanged"]
    assert names() == ["Joan", "Joan", "Joan Reed"]


def test_many_rows_each_get_their_own_values_of_every_kind(cast, as_alice):
    with system_scope("test"):
        other = StrategyFactory(regular_user=cast.alice, prompt_template=cast.template)
        leads = [LeadFactory(strategy=cast.acme_strategy, conversation_state={"stage": "x"}) for _ in range(4)]
    changes = [
        {"name": "O'Hara %s", "strategy_id": other.pk},
        {"conversation_state": None, "email": None},
        {"conversation_state": {"stage": "closing", "qualified": True}, "notes": 'two\nlines \\ "quoted"'},
        {"phone": None},
    ]

    answer = as_alice.post(BULK, {"leads": [{"id": lead.pk, **to} for lead, to in zip(leads, changes, strict=True)]})

    assert outcomes(answer) == ["updated", "updated", "updated", "unchanged"]
    with system_scope("test"):
        for lead, to in zip(leads, changes, strict=True):
            expected = {name: to.get(name, getattr(lead, name)) for name in ("name", "email", "notes", "phone")}
            expected |= {name: to.get(name, getattr(lead, name)) for name in ("strategy_id", "conversation_state")}
            lead.refresh_from_db()
            assert {name: getattr(lead, name) for name in expected} == expected
        assert Lead.objects.filter(conversation_state__isnull=True).count() == 1


def test_a_row_that_names_several_leads_changes_none(cast, as_alice):
    with system_scope("test"):
        for _ in range(2):
            LeadFactory(custom_id="twice", strategy=cast.acme_strategy)

    answer = as_alice.post(BULK, {"leads": [{"custom_id": "twice", "name": "x"}], "match_by": "custom_id"})

    assert (answer.status_code, errors(answer)) == (207, [(0, "custom_id", "ambiguous")])


def test_what_fails_of_one_row_stops_no_other(cast, row, as_alice):
    with system_scope("test"):
        joan = LeadFactory(name="Joan", strategy=cast.acme_strategy)
        foreign = LeadFactory(name="Foreign", strategy=cast.globex_strategy)
    rows = [
        row(name="Good"),
        row(email="nonsense", status="dreaming"),
        {"name": "Without"},
        {"id": foreign.pk, "name": "x"},
        {"id": 10**12, "name": "x"},
        {"id": "5", "name": "x"},
        {"id": None, "name": "x"},
        {"id": joan.pk, "message_history": []},
        {"id": joan.pk, "name": "twice"},
        "text",
        None,
        row(colour="red"),
        row(sub_account_id=cast.globex.pk),
        row(booking={"booking_type": "party", "details": {}}),
        row(name="Good too"),
    ]

    answer = as_alice.post(BULK, {"leads": rows})

    assert answer.status_code == 207
    assert errors(answer) == [
        (1, "email", "invalid"),
        (1, "status", "invalid_choice"),
        (2, "regular_user_id", "required"),
        (2, "strategy_id", "required"),
        (3, "id", "not_found"),
        (4, "id", "not_found"),
        (5, "id", "incorrect_type"),
        (6, "id", "incorrect_type"),
        (7, "message_history", "read_only"),
        (8, "id", "duplicate"),
        (9, "", "invalid"),
        (10, "", "null"),
        (11, "colour", "unknown_field"),
        (12, "sub_account_id", "read_only"),
        (13, "booking.booking_type", "invalid_choice"),
    ]
    assert answer.json()["counts"] == {"created": 2, "updated": 0, "unchanged": 0, "failed": 13}
    assert names() == ["Foreign", "Good", "Good too", "Joan"]


def test_foreign_ids_fail_like_those_of_nothing(cast, row, as_alice):
    def refusals(user_id: int, strategy_id: int, booker_id: int) -> list[dict]:
        booking = {"booking_type": "demo", "details": {}, "regular_user_id": booker_id}
        rows = [row(regular_user_id=user_id), row(strategy_id=strategy_id), row(booking=booking)]
        return as_alice.post(BULK, {"leads": rows}).json()["results"]

    foreign = refusals(cast.mallory.pk, cast.globex_strategy.pk, cast.mallory.pk)

    assert foreign == refusals(10**12, 10**12, 10**12)
    assert [result["errors"][0]["path"] for result in foreign] == [
        "regular_user_id", "strategy_id", "booking.regular_user_id",
    ]  # fmt: skip
    assert {result["errors"][0]["code"] for result in foreign} == {"does_not_exist"}


def test_a_foreign_lead_is_matched_by_nothing(cast, row, as_alice):
    with system_scope("test"):
        foreign = LeadFactory(custom_id="same", name="Foreign", strategy=cast.globex_strategy)

    answer = as_alice.post(BULK, {"leads": [row(custom_id="same", name="Own")], "match_by": "custom_id"})

    assert outcomes(answer) == ["created"]
    assert answer.json()["results"][0]["id"] != foreign.pk
    assert names() == ["Foreign", "Own"]


def test_atomic_is_all_or_nothing(cast, row, as_alice):
    with system_scope("test"):
        joan = LeadFactory(name="Joan", strategy=cast.acme_strategy)
    rows = [row(name="Good"), {"id": joan.pk, "name": "Changed"}, row(email="nonsense"), "text"]

    refused = as_alice.post(BULK, {"leads": rows, "atomic": True})
    taken = as_alice.post(BULK, {"leads": rows[:2], "atomic": True})

    assert refused.status_code == 400
    assert [(error["path"], error["code"]) for error in refused.json()["errors"]] == [
        ("leads.2.email", "invalid"),
        ("leads.3", "invalid"),
    ]
    assert outcomes(taken) == ["created", "updated"]
    assert names() == ["Changed", "Good"]


@pytest.mark.parametrize(("number", "code"), [(0, "min_length"), (1001, "max_length")])
def test_a_call_has_a_row_at_least_and_a_thousand_at_most(number, code, row, as_alice):
    answer = as_alice.post(BULK, {"leads": [row()] * number})

    assert (answer.status_code, names()) == (400, [])
    assert [(error["path"], error["code"]) for error in answer.json()["errors"]] == [("leads", code)]


@pytest.mark.parametrize("body", [{}, {"leads": None}, {"leads": {}}, {"leads": [1], "match_by": "phone"}, []])
def test_a_call_of_another_shape_is_refused(body, as_alice):
    assert as_alice.post(BULK, body).status_code == 400


def test_a_call_past_a_megabyte_is_refused(row, as_alice):
    answer = as_alice.post(BULK, {"leads": [row(notes="x" * 2000)] * 600})

    assert (answer.status_code, answer.json()["code"], names()) == (413, "body_too_large", [])


def test_a_call_sent_twice_with_its_key_happens_once(row, as_alice):
    body = json.dumps({"leads": [row(), row(email="nonsense")]})

    first, second = (
        as_alice.post(BULK, body, content_type="application/json", HTTP_IDEMPOTENCY_KEY="import-1") for _ in range(2)
    )

    assert (first.status_code, second.status_code) == (207, 207)
    assert (second.headers["Idempotency-Replayed"], second.json()) == ("true", first.json())
    assert names() == ["Joan"]


def test_stages_that_the_business_added_are_taken_and_asked_for_once(cast, row, as_alice):
    with system_scope("test"):
        SubAccount.objects.filter(pk=cast.acme.pk).update(settings={"lead_statuses": ["quoted"]})

    answer = as_alice.post(BULK, {"leads": [row(status="quoted"), row(status="asleep"), row(status="booked")]})

    assert outcomes(answer) == ["created", "failed", "created"]


def test_everyone_who_works_leads_may(cast, row):
    with system_scope("test"):
        user = UserFactory(sub_account=cast.acme, role=UserRole.USER)

    assert client_of(user).post(BULK, {"leads": [row()]}).status_code == 200
