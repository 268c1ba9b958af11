"""What belongs to people and strategies over the API: counted, reassigned, or deleted along when that is said."""

import pytest

from accounts.models import User
from accounts.tests.factories import UserFactory
from agents.models import Strategy
from agents.tests.factories import StrategyFactory
from crm.models import Booking, Lead
from crm.tests.factories import BookingFactory, ContactSubmissionFactory, LeadFactory
from tenants.scope import system_scope

USERS, STRATEGIES = "/api/v1/users/", "/api/v1/strategies/"


@pytest.fixture
def bob(cast) -> User:
    with system_scope("test"):
        return UserFactory(name="Bob", sub_account=cast.acme)


@pytest.fixture
def owned(cast, bob) -> dict:
    """What is Bob's: a strategy with a lead, and a booking."""
    with system_scope("test"):
        strategy = StrategyFactory(regular_user=bob, prompt_template=cast.template)
        lead = LeadFactory(strategy=strategy)
        return {"strategy": strategy, "lead": lead, "booking": BookingFactory(lead=lead)}


@pytest.fixture
def strategy(owned) -> Strategy:
    return owned["strategy"]


@pytest.fixture
def lead(owned) -> Lead:
    return owned["lead"]


def errors_of(answer) -> list[tuple[str, str]]:
    return [(error["path"], error["code"]) for error in answer.json()["errors"]]


def test_a_person_with_belongings_is_not_deleted_and_the_answer_counts_them(as_alice, bob, owned):
    answer = as_alice.delete(f"{USERS}{bob.pk}/")

    assert answer.status_code == 409
    assert answer.json()["code"] == "still_referenced"
    assert answer.json()["errors"] == [
        {"path": "strategies", "code": "still_referenced", "detail": "1 strategies"},
        {"path": "bookings", "code": "still_referenced", "detail": "1 bookings"},
        {"path": "leads", "code": "still_referenced", "detail": "1 leads"},
    ]
    assert as_alice.get(f"{USERS}{bob.pk}/").status_code == 200


def test_a_person_is_deleted_with_all_belongings_when_that_is_said(as_alice, cast, bob, owned):
    with system_scope("test"):
        contact = ContactSubmissionFactory(sub_account=cast.acme, assigned_to=bob)

    assert as_alice.delete(f"{USERS}{bob.pk}/?cascade=false").status_code == 409
    assert as_alice.delete(f"{USERS}{bob.pk}/?cascade=maybe").status_code == 400
    assert as_alice.delete(f"{USERS}{bob.pk}/?cascade=true").status_code == 204

    with system_scope("test"):
        assert [model.objects.filter(sub_account=cast.acme).count() for model in (Lead, Booking)] == [0, 0]
        assert Strategy.objects.filter(sub_account=cast.acme).get() == cast.acme_strategy
        contact.refresh_from_db()
    assert (contact.assigned_to_id, contact.sub_account_id) == (None, cast.acme.pk)


def test_after_reassigning_everything_a_person_can_go(as_alice, cast, bob, owned):
    answer = as_alice.post(f"{USERS}{bob.pk}/reassign/", {"user_id": cast.alice.pk})

    assert answer.json() == {"reassigned": {"strategies": 1, "bookings": 1, "leads": 1}}
    assert as_alice.delete(f"{USERS}{bob.pk}/").status_code == 204
    with system_scope("test"):
        for row in owned.values():
            row.refresh_from_db()
            assert row.regular_user_id == cast.alice.pk


def test_a_strategy_with_leads_is_deleted_only_when_that_is_said(as_alice, strategy, lead):
    refused = as_alice.delete(f"{STRATEGIES}{strategy.pk}/")

    assert (refused.status_code, errors_of(refused)) == (409, [("leads", "still_referenced")])
    assert refused.json()["errors"][0]["detail"] == "1 leads"
    assert as_alice.delete(f"{STRATEGIES}{strategy.pk}/?cascade=true").status_code == 204
    assert as_alice.get(f"/api/v1/leads/{lead.pk}/").status_code == 404


def test_leads_are_reassigned_to_another_strategy_of_the_same_business(cast, as_alice, strategy, lead):
    address = f"{STRATEGIES}{strategy.pk}/reassign/"

    foreign, missing = (as_alice.post(address, {"strategy_id": pk}) for pk in (cast.globex_strategy.pk, 10**9))
    same = as_alice.post(address, {"strategy_id": strategy.pk})
    moved = as_alice.post(address, {"strategy_id": cast.acme_strategy.pk})

    assert foreign.status_code == missing.status_code == 400
    assert foreign.json() == missing.json()
    assert (same.status_code, same.json()["code"]) == (409, "same_owner")
    assert moved.json() == {"reassigned": {"leads": 1}}
    assert as_alice.get(f"/api/v1/leads/{lead.pk}/").json()["strategy_id"] == cast.acme_strategy.pk
    assert as_alice.delete(f"{STRATEGIES}{strategy.pk}/").status_code == 204


def test_a_copy_of_a_strategy_takes_no_lead(as_alice, strategy, lead):
    copy = as_alice.post(f"{STRATEGIES}{strategy.pk}/duplicate/", {}).json()

    assert as_alice.get(f"/api/v1/leads/?strategy_id={copy['id']}&count=true").json()["count"] == 0
    assert as_alice.get(f"/api/v1/leads/{lead.pk}/").json()["strategy_id"] == strategy.pk
