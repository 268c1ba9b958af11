"""What counts as a change, and what recording it costs."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Upper
from django.test.utils import CaptureQueriesContext

from agents.tests.factories import StrategyFactory
from crm.models import Booking, ContactSubmission, Lead
from crm.tests.factories import BookingFactory, ContactSubmissionFactory, LeadFactory
from loctelli.tests.waiting import until_somebody_waits
from security.models import AuditEntry, RecoveryCode
from security.tests.statements import statements
from security.tests.trail_entries import changes, entries
from tenants.scope import act_as, current_actor, system_scope, tenant_scope
from tenants.trail import Entry, insert_sql, write


@pytest.fixture
def lead(cast) -> Lead:
    with system_scope("test"):
        return LeadFactory(
            strategy=cast.acme_strategy,
            name="Grace",
            conversation_state={"stage": "discovery"},
            message_history=[{"role": "user", "content": "Hello"}],
        )


@pytest.fixture
def as_acme(cast, lead):
    with tenant_scope(cast.acme.pk):
        yield Lead.objects.get(pk=lead.pk)


# What is a change


def test_json_that_is_changed_in_place_is_a_change_and_another_order_of_its_keys_is_none(cast, lead):
    with tenant_scope(cast.acme.pk):
        read = Lead.objects.get(pk=lead.pk)
        read.conversation_state["budget"] = {"from": 1, "to": 2**70}
        read.save()
        read.conversation_state = {"budget": {"to": 2**70, "from": 1}, "stage": "discovery"}
        read.save()

    after = {"stage": "discovery", "budget": {"from": 1, "to": 2**70}}
    assert changes() == [{"conversation_state": [{"stage": "discovery"}, after]}]


def test_a_value_written_in_another_way_is_no_change(cast, lead):
    with system_scope("test"):
        booking = BookingFactory(lead=lead)
        read = Booking.objects.get(pk=booking.pk)
        read.regular_user_id = str(read.regular_user_id)
        read.save()

    assert changes("crm.booking") == []


def test_what_was_read_in_part_is_compared_with_what_was_read(cast, lead):
    with tenant_scope(cast.acme.pk):
        read = Lead.objects.only("status").get(pk=lead.pk)
        read.status = "closed"
        read.save()
        read.name = "Grace"  # as it is, though nobody has looked
        read.save()
        read.name = "Hopper"
        read.save()

    assert changes() == [{"status": ["lead", "closed"]}, {"name": ["Grace", "Hopper"]}]


def test_a_row_that_was_never_read_is_compared_with_the_stored_one(cast, lead):
    with tenant_scope(cast.acme.pk):
        Lead(pk=lead.pk, name="Hopper").save(update_fields=["name"])

    assert changes() == [{"name": ["Grace", "Hopper"]}]


def test_what_others_wrote_meanwhile_is_not_taken_for_ones_own(cast, lead):
    with tenant_scope(cast.acme.pk):
        stale = Lead.objects.get(pk=lead.pk)
        Lead.objects.filter(pk=lead.pk).update(company="Navy")
        stale.status = "closed"
        stale.save(update_fields=["status"])
        stale.refresh_from_db()
        stale.save()

    assert changes() == [{"company": [None, "Navy"]}, {"status": ["lead", "closed"]}]


def test_what_the_database_works_out_is_recorded_as_it_came_out(cast, lead):
    with tenant_scope(cast.acme.pk):
        read = Lead.objects.get(pk=lead.pk)
        read.name = Concat(F("name"), Value(" Hopper"))
        read.save()
        Lead.objects.filter(pk=lead.pk).update(name=Concat(F("name"), Value(", Admiral")))
        ContactSubmissionFactory(sub_account=cast.acme, full_name=Upper(Value("joan")))

    assert changes() == [
        {"name": ["Grace", "Grace Hopper"]},
        {"name": ["Grace Hopper", "Grace Hopper, Admiral"]},
    ]
    (created,) = entries("crm.contactsubmission")
    assert (created.changes["full_name"], created.object_name) == ([None, "JOAN"], "JOAN")


def test_a_secret_that_was_opened_and_not_changed_is_no_change(cast, lead):
    with tenant_scope(cast.acme.pk):
        read = Lead.objects.get(pk=lead.pk)
        opened = read.message_history
        read.save()
        read.message_history = [*opened, {"role": "assistant", "content": "Good morning"}]
        read.save()

    assert changes() == [{"message_history": ["***", "***"]}]


def test_rows_written_in_bulk_are_not_recorded_once_more_by_the_next_save(cast, lead):
    with tenant_scope(cast.acme.pk):
        read = Lead.objects.get(pk=lead.pk)
        read.company = "Navy"
        Lead.objects.bulk_update([read], ["company"])
        read.save()

    assert changes() == [{"company": [None, "Navy"]}]


def test_what_fails_or_finds_nothing_is_not_recorded(cast, lead):
    with tenant_scope(cast.acme.pk):
        read = Lead.objects.get(pk=lead.pk)
        assert Lead.objects.filter(pk=lead.pk, status="booked").update(name="Nobody") == 0
        with transaction.atomic():
            read.delete()
            transaction.set_rollback(True)
    with tenant_scope(cast.globex.pk):
        assert read.delete()[0] == 0

    assert (changes(), entries(action="delete")) == ([], [])


def test_only_what_an_admin_does_is_recorded_of_signing_in(cast):
    def spend(name: str) -> None:
        with system_scope("test"):
            act_as(type=name, id=1, name="Ada")
            code = RecoveryCode.objects.create(admin=cast.ada, code_hash=name.encode().hex().ljust(64, "0"))
            code.delete()

    spend("user")
    spend("admin")

    assert [entry.action for entry in entries("security.recoverycode")] == ["create", "delete"]


# What it costs


def test_every_single_write_takes_one_statement_more(as_acme, cast):
    with statements() as created:
        submission = ContactSubmissionFactory(sub_account=cast.acme)
    with statements() as changed:
        submission.full_name = "Joan"
        submission.save()
    with statements() as unchanged:
        submission.save()
    with statements() as deleted:
        submission.delete()
    with statements() as counted:
        as_acme.delete()

    entry = "INSERT INTO audit_entries"
    assert created == ["INSERT INTO contact_submissions", entry]
    assert changed == ["UPDATE contact_submissions SET", entry]
    assert unchanged == ["UPDATE contact_submissions SET"]
    assert deleted == ["DELETE FROM contact_submissions", entry]
    # What goes along with a lead, and what stays without it, is counted in one.
    assert [statement.split()[0] for statement in counted] == ["(SELECT", "DELETE", "INSERT"]


def test_an_update_of_rows_reads_them_first_and_locks_them(as_acme):
    with statements() as executed:
        Lead.objects.filter(pk=as_acme.pk).update(status="closed")

    assert [statement.split()[0] for statement in executed] == ["SELECT", "UPDATE", "INSERT"]


def test_the_statement_is_always_the_same(as_acme):
    with CaptureQueriesContext(connection) as queries:
        write([Entry(as_acme.sub_account_id, "update", "crm.lead", str(as_acme.pk), "Grace", {"status": ["a", "b"]})])

    entry = AuditEntry.objects.get(object_id=str(as_acme.pk), changes={"status": ["a", "b"]})
    assert (len(queries), entry.object_name, entry.rows) == (1, "Grace", 1)
    assert insert_sql() == insert_sql(1)
    assert len(Entry(1, "update", "crm.lead", "1", "").parameters(current_actor())) == insert_sql().count("%s")


# Races


@pytest.mark.django_db(transaction=True)
def test_of_many_conditional_updates_at_once_each_is_recorded_that_got_through(cast):
    with system_scope("test"):
        submission = ContactSubmissionFactory(sub_account=cast.acme, priority="LOW")

    def raise_priority(_: int) -> int:
        try:
            with tenant_scope(cast.acme.pk):
                rows = ContactSubmission.objects.filter(pk=submission.pk, priority="LOW")
                return rows.update(priority="HIGH")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        through = sum(pool.map(raise_priority, range(16)))

    assert through == 1
    assert changes("crm.contactsubmission") == [{"priority": ["LOW", "HIGH"]}]


@pytest.mark.django_db(transaction=True)
def test_an_update_that_finds_its_rows_changed_when_it_is_its_turn_is_not_recorded(cast):
    with system_scope("test"):
        submission = ContactSubmissionFactory(sub_account=cast.acme, priority="LOW")
    held = Event()

    def raise_priority(hold: bool) -> int:
        try:
            if not hold:
                held.wait(60)
            with tenant_scope(cast.acme.pk):
                found = ContactSubmission.objects.filter(pk=submission.pk, priority="LOW").update(priority="HIGH")
                if hold:
                    held.set()
                    until_somebody_waits()
                return found
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(raise_priority, [True, False])) == [1, 0]

    assert changes("crm.contactsubmission") == [{"priority": ["LOW", "HIGH"]}]


def test_nothing_is_written_of_a_strategy_that_is_read(cast):
    with tenant_scope(cast.acme.pk), statements() as executed:
        list(cast.acme_strategy.leads.all())
        StrategyFactory._meta.model.objects.get(pk=cast.acme_strategy.pk)

    assert [statement for statement in executed if "audit" in statement] == []
