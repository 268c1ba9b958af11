"""The audit trail: what is written is recorded, field by field and by whom."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from crm.conversations import append_message
from crm.models import Booking, Lead
from crm.tests.factories import BookingFactory, ContactSubmissionFactory, LeadFactory
from security.tests.trail_entries import changes, entries
from tenants.models import SubAccount
from tenants.scope import system_scope, tenant_scope

LEADS = "/api/v1/leads/"


# Over the API


def test_a_change_over_the_api_says_who_what_and_from_where(cast, lead, as_alice):
    answer = as_alice.patch(
        f"{LEADS}{lead.pk}/", {"status": "closed", "name": "Grace"}, headers={"X-Request-ID": "request-0001"}
    )

    assert answer.status_code == 200
    (entry,) = entries(action="update")
    assert entry.changes == {"status": ["lead", "closed"]}
    assert (entry.actor_type, entry.actor_id, entry.actor_name) == ("user", str(cast.alice.pk), "Alice")
    assert (entry.object_id, entry.object_name, entry.sub_account_id) == (str(lead.pk), "Grace", cast.acme.pk)
    assert (entry.address, entry.request_id) == ("127.0.0.1", "request-0001")


def test_creations_and_deletions_hold_all_fields(cast, as_alice):
    made = as_alice.post(
        LEADS, {"name": "Joan", "regular_user_id": cast.alice.pk, "strategy_id": cast.acme_strategy.pk}
    ).json()
    assert as_alice.delete(f"{LEADS}{made['id']}/").status_code == 204

    created, deleted = entries(object_id=str(made["id"]))
    assert (created.action, created.changes["name"]) == ("create", [None, "Joan"])
    assert (deleted.action, deleted.changes["name"], deleted.object_name) == ("delete", ["Joan", None], "Joan")
    assert deleted.actor_name == "Alice"


def test_what_is_refused_is_not_recorded(lead, as_alice):
    assert as_alice.patch(f"{LEADS}{lead.pk}/", {"status": "closed", "strategy_id": 10**9}).status_code == 400
    assert as_alice.patch(f"{LEADS}{lead.pk}/", {"status": "lead"}).status_code == 200

    assert changes() == []


def test_one_person_s_name_does_not_stick_to_the_next_change(cast, lead, as_alice):
    as_alice.patch(f"{LEADS}{lead.pk}/", {"status": "closed"})

    with system_scope("a nightly job"):
        Lead.objects.filter(pk=lead.pk).update(status="lead")

    assert [(entry.actor_type, entry.actor_name) for entry in entries(action="update")] == [
        ("user", "Alice"),
        ("system", "a nightly job"),
    ]


def test_reading_records_nothing_and_a_write_takes_one_statement_more(lead, as_alice):
    as_alice.get(f"{LEADS}{lead.pk}/")
    with CaptureQueriesContext(connection) as reading:
        as_alice.get(f"{LEADS}{lead.pk}/")
    with CaptureQueriesContext(connection) as writing:
        as_alice.patch(f"{LEADS}{lead.pk}/", {"status": "closed"})

    assert [query["sql"] for query in reading if "audit" in query["sql"]] == []
    assert len([query for query in writing if "audit" in query["sql"]]) == 1


# Every other way of writing


def test_updates_of_many_rows_are_recorded_row_by_row(cast, lead):
    with tenant_scope(cast.acme.pk):
        other = LeadFactory(strategy=cast.acme_strategy)
        Lead.objects.update(status="closed")

    assert changes(object_id=str(lead.pk)) == changes(object_id=str(other.pk)) == [{"status": ["lead", "closed"]}]


def test_reassignment_notes_activation_and_duplicates_are_recorded(cast, lead, as_alice):
    with system_scope("test"):
        bob = UserFactory(name="Bob", sub_account=cast.acme)
        submission = ContactSubmissionFactory(sub_account=cast.acme)
    alice, strategy = cast.alice.pk, cast.acme_strategy.pk

    calls = [
        as_alice.post(f"/api/v1/users/{alice}/reassign/", {"user_id": bob.pk}),
        as_alice.post(f"/api/v1/contact-submissions/{submission.pk}/notes/", {"content": "Called back."}),
        as_alice.post(f"/api/v1/prompt-templates/{cast.template.pk}/activate/"),
        as_alice.post(f"/api/v1/strategies/{strategy}/duplicate/", {}),
    ]

    assert [answer.status_code for answer in calls] == [200, 201, 200, 201]
    assert changes() == [{"regular_user_id": [alice, bob.pk]}]
    ((before, after),) = [change["notes"] for change in changes("crm.contactsubmission")]
    assert (before, after[0]["content"]) == (None, "Called back.")
    assert len(changes("agents.subaccountprompttemplate", "create")) == 1
    assert [change["name"][1] for change in changes("agents.strategy", "create", actor_name="Alice")] == [
        f"{cast.acme_strategy.name} (copy)"
    ]


def test_a_deletion_is_one_entry_with_the_counts_of_what_went_along(cast, lead, as_alice):
    with system_scope("test"):
        bob = UserFactory(name="Bob", sub_account=cast.acme)
        theirs = LeadFactory.create_batch(2, strategy=cast.acme_strategy, regular_user=bob)
        booking = BookingFactory(lead=lead, regular_user=bob)
        kept = BookingFactory(lead=theirs[0], regular_user=cast.alice)
        append_message(theirs[0], role="user", content="Hello")

    answer = as_alice.delete(f"/api/v1/users/{bob.pk}/?cascade=true")

    assert answer.status_code == 204
    (entry,) = entries("accounts.user", action="delete")
    assert entry.deleted_along == {"leads": 2, "bookings": 1, "conversation_messages": 1}
    assert entries(action="delete") == []
    assert entries("crm.booking", action="delete") == []
    # What stays without what it referred to was changed.
    assert changes("crm.booking", object_id=str(kept.pk)) == [{"lead_id": [theirs[0].pk, None]}]
    assert changes("crm.booking", object_id=str(booking.pk)) == []


def test_each_deletion_of_a_transaction_gets_its_own_counts(cast, lead):
    with system_scope("test"):
        people = [UserFactory(sub_account=cast.acme) for _ in range(2)]
        for number, person in enumerate(people, 1):
            LeadFactory.create_batch(number, strategy=cast.acme_strategy, regular_user=person)
        for person in people:
            person.delete()
        Booking.objects.filter(pk=BookingFactory(lead=lead).pk).delete()

    assert [entry.deleted_along for entry in entries("accounts.user", action="delete")] == [{"leads": 1}, {"leads": 2}]
    assert [entry.deleted_along for entry in entries("crm.booking", action="delete")] == [None]


def test_the_trail_outlives_a_deleted_sub_account(cast, lead):
    with system_scope("test"):
        SubAccount.objects.get(pk=cast.acme.pk).delete()

    (entry,) = entries("tenants.subaccount", action="delete")
    assert entry.sub_account_id == cast.acme.pk
    assert entry.deleted_along["leads"] == 1
    assert len(entries(action="create", object_id=str(lead.pk))) == 1


def test_a_moved_user_is_told_of_in_both_sub_accounts_and_in_neither_where_else(cast):
    with system_scope("test"):
        bob = UserFactory(sub_account=cast.acme)
        User.objects.filter(pk=bob.pk).update(sub_account=cast.globex)

    here, there = entries("accounts.user", action="update", object_id=str(bob.pk))
    assert (here.sub_account_id, here.changes) == (cast.acme.pk, {"sub_account_id": [cast.acme.pk, None]})
    assert (there.sub_account_id, there.changes) == (cast.globex.pk, {"sub_account_id": [None, cast.globex.pk]})


def test_messages_and_stamps_are_no_changes(cast, lead):
    with tenant_scope(cast.acme.pk):
        append_message(lead, role="user", content="Hello")
        Lead.objects.filter(pk=lead.pk).update(updated_at=timezone.now())

    assert changes() == []
    assert entries("security.conversationmessage") == []
