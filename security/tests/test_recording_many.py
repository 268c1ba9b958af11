"""What very many rows written at once are recorded as."""

import pytest
from django.db import NotSupportedError
from django.db.models import F, Value
from django.db.models.functions import Concat

from accounts.models import User
from accounts.tests.factories import UserFactory
from crm.models import Booking, Lead
from crm.tests.factories import BookingFactory, LeadFactory
from security.models import RecoveryCode
from security.tests.statements import statements
from security.tests.trail_entries import entries
from tenants.console.history import changes_in, entries_of
from tenants.scope import act_as, system_scope, tenant_scope
from tenants.trail.changes import NAMED, ONE_BY_ONE

MANY = ONE_BY_ONE + 1


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

    assert (newest.rows, change.field, change.before, change.after) == (MANY + 1, "Status", "…", "closed")


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
