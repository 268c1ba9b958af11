"""All leads that fit a filter, changed and deleted at once: counted first, and then just those."""

import pytest

from accounts.choices import UserRole
from accounts.tests.factories import UserFactory
from agents.tests.factories import StrategyFactory
from crm import bulk_filtered
from crm.conversations import append_message
from crm.models import Booking, Lead
from crm.tests.factories import BookingFactory, LeadFactory
from loctelli.tests.cast import client_of
from security.choices import MessageRole
from security.models import AuditEntry, ConversationMessage
from tenants.scope import system_scope

UPDATE, DELETE = "/api/v1/leads/bulk-update/", "/api/v1/leads/bulk-delete/"
INACTIVE = {"changes": {"status": "inactive"}}


@pytest.fixture
def leads(cast) -> list[Lead]:
    """Five leads of acme's, three of them active, and an active one of globex's."""
    with system_scope("test"):
        LeadFactory(name="Foreign", status="active", strategy=cast.globex_strategy)
        return [
            LeadFactory(name=f"Lead {number}", status="active" if number < 3 else "lead", strategy=cast.acme_strategy)
            for number in range(5)
        ]


def stages() -> dict[str, str]:
    with system_scope("test"):
        return dict(Lead.objects.order_by("name").values_list("name", "status"))


def act(count: int, **fields) -> dict:
    return {"dry_run": False, "expected_count": count, **fields}


def test_a_first_call_counts_and_changes_nothing(leads, as_alice):
    before = stages()

    counted = as_alice.post(f"{UPDATE}?status=active", INACTIVE)

    assert (counted.status_code, counted.json()) == (200, {"count": 3, "dry_run": True})
    assert as_alice.post(UPDATE, INACTIVE).json() == {"count": 5, "dry_run": True}
    assert as_alice.post(f"{DELETE}?status=active", {}).json()["count"] == 3
    assert stages() == before


def test_what_was_counted_is_what_is_changed(leads, as_alice):
    counted = as_alice.post(f"{UPDATE}?status=active", INACTIVE).json()["count"]

    answer = as_alice.post(f"{UPDATE}?status=active", {**INACTIVE, **act(counted)})

    assert answer.json() == {"count": 3, "dry_run": False}
    assert stages() == {
        "Foreign": "active", "Lead 0": "inactive", "Lead 1": "inactive", "Lead 2": "inactive", "Lead 3": "lead",
        "Lead 4": "lead",
    }  # fmt: skip
    with system_scope("test"):
        entries = AuditEntry.objects.filter(model="crm.lead", action="update")
        assert [entry.changes for entry in entries] == [{"status": ["active", "inactive"]}] * 3
        for lead in leads:
            before = lead.updated_at
            lead.refresh_from_db()
            assert (lead.updated_at > before) == (lead.status == "inactive")


@pytest.mark.parametrize(("address", "body"), [(UPDATE, INACTIVE), (DELETE, {})])
def test_another_number_than_was_counted_changes_nothing(address, body, leads, as_alice):
    before = stages()

    answer = as_alice.post(f"{address}?status=active", {**body, **act(2)})

    assert (answer.status_code, answer.json()["code"]) == (409, "count_changed")
    assert answer.json()["detail"] == "The filter fits 3 leads by now, not 2: count again."
    assert stages() == before


@pytest.mark.parametrize("query", ["", "?search=", "?search=%20"])
@pytest.mark.parametrize(("address", "body"), [(UPDATE, INACTIVE), (DELETE, {})])
def test_every_lead_is_meant_only_when_that_is_said(address, body, query, leads, as_alice):
    refused = as_alice.post(f"{address}{query}", {**body, **act(5)})
    taken = as_alice.post(address, {**body, **act(5, all=True)})

    assert [(error["path"], error["code"]) for error in refused.json()["errors"]] == [("all", "required")]
    assert (taken.status_code, taken.json()["count"]) == (200, 5)
    assert "Foreign" in stages()


@pytest.mark.parametrize(("address", "body"), [(UPDATE, INACTIVE), (DELETE, {})])
def test_acting_without_a_count_is_refused(address, body, leads, as_alice):
    answer = as_alice.post(f"{address}?status=active", {**body, "dry_run": False})

    assert [(error["path"], error["code"]) for error in answer.json()["errors"]] == [("expected_count", "required")]


@pytest.mark.parametrize(("changes", "path", "code"), [
    ({}, "changes", "empty"),
    ({"status": "dreaming"}, "changes.status", "invalid_choice"),
    ({"name": "x"}, "changes.name", "unknown_field"),
    ({"email": None}, "changes.email", "unknown_field"),
    ({"message_history": []}, "changes.message_history", "unknown_field"),
    ({"sub_account_id": 5}, "changes.sub_account_id", "unknown_field"),
    ({"strategy_id": 10**12}, "changes.strategy_id", "does_not_exist"),
    ({"timezone": "Mars/Olympus"}, "changes.timezone", "invalid_timezone"),
])  # fmt: skip
def test_changes_are_validated_as_a_leads_own(changes, path, code, leads, as_alice):
    answer = as_alice.post(f"{UPDATE}?status=active", {"changes": changes})

    assert answer.status_code == 400
    assert [(error["path"], error["code"]) for error in answer.json()["errors"]] == [(path, code)]


def test_leads_are_handed_over_to_somebody_else_and_never_to_anothers_people(cast, leads, as_alice):
    with system_scope("test"):
        bob = UserFactory(sub_account=cast.acme)
        theirs = StrategyFactory(regular_user=bob, prompt_template=cast.template)
    address = f"{UPDATE}?regular_user_id={cast.alice.pk}"

    foreign = as_alice.post(address, {"changes": {"regular_user_id": cast.mallory.pk}, **act(5)})
    done = as_alice.post(address, {"changes": {"regular_user_id": bob.pk, "strategy_id": theirs.pk}, **act(5)})

    assert [error["path"] for error in foreign.json()["errors"]] == ["changes.regular_user_id"]
    assert done.json()["count"] == 5
    with system_scope("test"):
        assert set(Lead.objects.filter(sub_account=cast.acme).values_list("regular_user_id", "strategy_id")) == {
            (bob.pk, theirs.pk)
        }


def test_a_dry_run_tells_what_the_deletion_then_does(cast, leads, as_alice):
    with system_scope("test"):
        for lead in leads[:2]:
            append_message(lead, role=MessageRole.USER, content="Tuesday works for me.")
        BookingFactory(lead=leads[0])
        append_message(leads[4], role=MessageRole.USER, content="I stay.")

    counted = as_alice.post(f"{DELETE}?status=active", {}).json()
    done = as_alice.post(f"{DELETE}?status=active", act(3)).json()

    assert counted == {
        "count": 3,
        "dry_run": True,
        "goes_along": {"conversation_messages": 2},
        "stays_without": {"bookings": 1},
    }
    assert done == {**counted, "dry_run": False}
    assert list(stages()) == ["Foreign", "Lead 3", "Lead 4"]
    with system_scope("test"):
        assert ConversationMessage.objects.count() == 1
        assert [booking.lead_id for booking in Booking.objects.all()] == [None]


def test_the_lists_search_and_filters_say_which(leads, as_alice):
    assert as_alice.post(f"{UPDATE}?search=lead+4", INACTIVE).json()["count"] == 1
    assert as_alice.post(f"{UPDATE}?status__in=active,lead", INACTIVE).json()["count"] == 5
    for query, path in (("status=", "status"), ("nonsense=1", "nonsense"), ("created_at__lt=x", "created_at__lt")):
        answer = as_alice.post(f"{DELETE}?{query}", act(0))
        assert [error["path"] for error in answer.json()["errors"]] == [path]
    assert as_alice.post(f"{DELETE}?page_size=2", act(0)).status_code == 400


def test_more_leads_than_a_call_takes_are_counted_and_refused(leads, as_alice, monkeypatch):
    monkeypatch.setattr(bulk_filtered, "MAX_LEADS", 2)

    assert as_alice.post(f"{DELETE}?status=active", {}).json() == {
        "count": 3, "dry_run": True, "goes_along": {}, "stays_without": {},
    }  # fmt: skip
    for address, body in ((UPDATE, INACTIVE), (DELETE, {})):
        answer = as_alice.post(f"{address}?status=active", {**body, **act(3)})
        assert (answer.status_code, answer.json()["code"]) == (400, "too_many_leads")
    assert stages()["Lead 0"] == "active"


def test_nothing_fits_and_nothing_happens(leads, as_alice):
    assert as_alice.post(f"{UPDATE}?status=closed", {**INACTIVE, **act(0)}).json() == {"count": 0, "dry_run": False}
    assert as_alice.post(f"{DELETE}?status=closed", act(0)).json()["count"] == 0


def test_managers_act_on_many_and_users_on_one_by_one(cast, leads):
    with system_scope("test"):
        user, manager = (
            client_of(UserFactory(sub_account=cast.acme, role=role)) for role in (UserRole.USER, UserRole.MANAGER)
        )

    for address, body in ((UPDATE, INACTIVE), (DELETE, {})):
        assert [client.post(address, body).status_code for client in (user, manager)] == [403, 200]


def test_acting_twice_with_one_key_acts_once(leads, as_alice):
    first, second = (
        as_alice.post(f"{DELETE}?status=active", act(3), HTTP_IDEMPOTENCY_KEY="clean-up") for _ in range(2)
    )

    assert (second.json(), second.headers["Idempotency-Replayed"]) == (first.json(), "true")
    assert len(stages()) == 3
