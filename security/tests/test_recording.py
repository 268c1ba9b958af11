"""What counts as a change, what very many at once are recorded as, and what recording costs."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import NotSupportedError, connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Upper
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import UserFactory
from agents.tests.factories import StrategyFactory
from crm.models import Booking, ContactSubmission, Lead
from crm.tests.factories import BookingFactory, ContactSubmissionFactory, LeadFactory
from security.models import AuditEntry, RecoveryCode
from tenants.console.history import changes_in, entries_of
from tenants.scope import act_as, current_actor, system_scope, tenant_scope
from tenants.trail import Entry, insert_sql, write
from tenants.trail.changes import NAMED, ONE_BY_ONE

MANY = ONE_BY_ONE + 1


def entries(model: str = "crm.lead", **conditions) -> list[AuditEntry]:
    with system_scope("test"):
        return list(AuditEntry.objects.filter(model=model, **conditions).order_by("created_at", "sub_account_id", "id"))


def changes(model: str = "crm.lead") -> list[dict]:
    return [entry.changes for entry in entries(model, action="update")]


@contextmanager
def statements():
    """Collect what is executed meanwhile, in the words each statement begins with."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    found += [" ".join(query["sql"].split()[:3]).replace('"', "") for query in captured]


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


# Very many at once


def test_up_to_a_hundred_rows_written_at_once_are_recorded_one_by_one_in_one_statement(cast):
    with tenant_scope(cast.acme.pk):
        some = [LeadFactory.build(strategy=cast.acme_strategy) for _ in range(ONE_BY_ONE)]
        with statements() as executed:
            Lead.objects.bulk_create(some)

    created = entries(action="create")
    assert executed == ["INSERT INTO leads", "INSERT INTO audit_entries"]
    assert {entry.object_id for entry in created} == {str(row.pk) for row in some}
    assert {entry.rows for entry in created} == {1}


def test_more_are_one_entry_a_sub_account_that_counts_them(cast, lead):
    with system_scope("test"):
        own = Lead.objects.bulk_create([LeadFactory.build(strategy=cast.acme_strategy) for _ in range(MANY)])
        Lead.objects.bulk_create(LeadFactory.build(strategy=cast.globex_strategy) for _ in range(3))
        Lead.objects.update(status="closed", name=Concat(F("name"), Value("!")), company="Navy")

    (bulk,) = entries(action="create", rows=MANY)
    here, there = entries(action="update", object_id="")
    assert (bulk.sub_account_id, bulk.object_ids, bulk.changes) == (cast.acme.pk, [str(row.pk) for row in own], {})
    assert (here.sub_account_id, here.rows, len(here.object_ids)) == (cast.acme.pk, MANY + 1, MANY + 1)
    assert (there.sub_account_id, there.rows, len(there.object_ids)) == (cast.globex.pk, 3, 3)
    assert here.changes == {"company": [None, "Navy"], "name": [None, None], "status": [None, "closed"]}


def test_very_many_deleted_rows_are_counted_with_what_went_along_and_what_stays_without_them(cast, lead):
    with system_scope("test"):
        bob = UserFactory(sub_account=cast.acme)
        leads = Lead.objects.bulk_create(LeadFactory.build(strategy=cast.acme_strategy) for _ in range(MANY))
        kept = Booking.objects.bulk_create(BookingFactory.build(lead=row, regular_user=bob) for row in leads)
        Lead.objects.exclude(pk=lead.pk).delete()

    (gone,) = entries(action="delete")
    assert (gone.rows, gone.sub_account_id, gone.deleted_along) == (MANY, cast.acme.pk, None)
    (left,) = entries("crm.booking", action="update")
    assert (left.rows, left.changes) == (len(kept), {"lead_id": [None, None]})


def test_very_many_moved_rows_are_told_of_by_halves(cast):
    with system_scope("test"):
        people = User.objects.bulk_create(UserFactory.build(sub_account=cast.acme) for _ in range(MANY))
        User.objects.filter(pk__in=[person.pk for person in people]).update(sub_account=cast.globex)

    acme, globex = cast.acme.pk, cast.globex.pk
    halves = [(entry.sub_account_id, entry.rows, entry.changes) for entry in entries("accounts.user", action="update")]
    assert halves == [
        (acme, MANY, {"sub_account_id": [acme, None]}),
        (globex, MANY, {"sub_account_id": [None, globex]}),
    ]


def test_the_history_of_a_row_shows_what_was_done_to_very_many(cast, lead):
    with system_scope("test"):
        Lead.objects.bulk_create(LeadFactory.build(strategy=cast.acme_strategy) for _ in range(MANY))
        Lead.objects.filter(strategy=cast.acme_strategy).update(status="closed")
        newest, *_ = entries_of(lead)
        (change,) = changes_in(newest)

    assert (newest.rows, change.field, change.before, change.after) == (MANY + 1, "status", "…", "closed")


def test_only_so_many_of_very_many_are_named(cast):
    with system_scope("test"):
        Lead.objects.bulk_create(LeadFactory.build(strategy=cast.acme_strategy) for _ in range(NAMED + 5))
        Lead.objects.update(status="closed")

    found = [(entry.action, entry.rows, len(entry.object_ids)) for entry in entries(rows=NAMED + 5)]
    assert sorted(found) == [("create", NAMED + 5, NAMED), ("update", NAMED + 5, NAMED)]


def test_a_write_of_which_nobody_knows_the_rows_is_refused(cast):
    row = LeadFactory.build(strategy=cast.acme_strategy, sub_account=cast.acme)

    with system_scope("test"):
        with pytest.raises(NotSupportedError, match=r"crm\.Lead is recorded"):
            Lead.objects.bulk_create([row], ignore_conflicts=True)
        with pytest.raises(NotSupportedError, match=r"crm\.Lead is recorded"):
            Lead.objects.bulk_create([row], update_conflicts=True, update_fields=["name"], unique_fields=["id"])


def test_of_rows_that_were_there_already_no_creation_is_recorded(cast):
    there, again, new = (RecoveryCode(admin=cast.ada, code_hash=f"{number:064}") for number in range(3))
    again.pk = there.pk

    with system_scope("test"):
        act_as(type="admin", id=cast.ada.pk, name="Ada")
        there.save()
        RecoveryCode.objects.bulk_create([again, new], ignore_conflicts=True)

    assert [entry.object_id for entry in entries("security.recoverycode")] == [there.pk, new.pk]


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


def test_nothing_is_written_of_a_strategy_that_is_read(cast):
    with tenant_scope(cast.acme.pk), statements() as executed:
        list(cast.acme_strategy.leads.all())
        StrategyFactory._meta.model.objects.get(pk=cast.acme_strategy.pk)

    assert [statement for statement in executed if "audit" in statement] == []
