"""Leads over the API: listed, found, made with a first booking, changed, and never another's."""

import pytest

from crm.models import Booking, Lead
from crm.tests.factories import LeadFactory
from tenants.scope import system_scope, tenant_scope

LEADS = "/api/v1/leads/"


@pytest.fixture
def joan(cast) -> Lead:
    with system_scope("test"):
        return LeadFactory(name="Joan Reed", strategy=cast.acme_strategy)


def new_lead(cast, **fields) -> dict:
    return {"name": "Joan", "regular_user_id": cast.alice.pk, "strategy_id": cast.acme_strategy.pk, **fields}


def test_a_list_holds_the_own_leads_and_not_another_tenants(cast, joan, as_alice, as_mallory):
    assert [lead["name"] for lead in as_alice.get(LEADS).json()["results"]] == ["Joan Reed"]
    assert as_mallory.get(LEADS).json()["results"] == []


def test_a_lead_of_another_tenant_is_not_found_whatever_is_tried(joan, as_mallory):
    address = f"{LEADS}{joan.pk}/"

    answers = [as_mallory.get(address), as_mallory.patch(address, {"name": "x"}), as_mallory.delete(address)]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert answers[0].json() == {"code": "not_found", "detail": "There is no such thing here.", "errors": []}


def test_a_lead_is_created_with_its_first_booking_in_one_call(cast, as_alice):
    booking = {"booking_type": "demo", "details": {"date": "2027-01-15", "time": "10:00"}}

    answer = as_alice.post(f"{LEADS}?include=bookings", new_lead(cast, booking=booking))

    assert answer.status_code == 201, answer.content
    assert answer.json()["sub_account_id"] == cast.acme.pk
    assert [(found["booking_type"], found["status"]) for found in answer.json()["bookings"]] == [("demo", "pending")]


def test_a_lead_with_a_bad_booking_leaves_nothing_behind(cast, as_alice):
    answer = as_alice.post(LEADS, new_lead(cast, booking={"booking_type": "party", "details": {}}))

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"path": "booking.booking_type", "code": "invalid_choice", "detail": '"party" is not a valid choice.'}
    ]
    with tenant_scope(cast.acme.pk):
        assert (Lead.objects.count(), Booking.objects.count()) == (0, 0)


def test_a_foreign_strategy_is_refused_like_one_that_does_not_exist(cast, as_alice):
    foreign, missing = (as_alice.post(LEADS, new_lead(cast, strategy_id=pk)) for pk in (cast.globex_strategy.pk, 10**9))

    assert foreign.status_code == missing.status_code == 400
    assert foreign.json() == missing.json()
    assert foreign.json()["errors"][0]["path"] == "strategy_id"
