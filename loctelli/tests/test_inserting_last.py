"""`Model.insert_last()`: the INSERT that ends its transaction stores and records what `insert()` does, or nothing."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError

from agents.models import Strategy
from crm.models import Booking, ContactSubmission, Lead
from crm.services import create_lead
from forms.models import FormTemplate
from loctelli.database.pipeline import Pipeline
from loctelli.tests.cast import client_of
from loctelli.tests.test_inserting import KINDS, a_contact, a_form, a_lead, recorded, stored, told
from security.models import AuditEntry
from tenants.scope import act_as, after_scope, system_scope, tenant_scope

pytestmark = pytest.mark.django_db(transaction=True)

LEADS = "/api/v1/leads/"
# What an entry says beside what was changed and when.
KEPT = ("sub_account_id", "actor_type", "actor_id", "actor_name", "address", "action", "model", "object_name")


@pytest.fixture
def commits(monkeypatch) -> list[list[str]]:
    """What was sent together with each COMMIT."""
    found, run = [], Pipeline.run

    def watched(self, groups):
        found.extend([query.sql for query in group[:-1]] for group in groups if group and group[-1].sql == "COMMIT")
        run(self, groups)

    monkeypatch.setattr(Pipeline, "run", watched)
    return found


def entry_of(pk: int) -> AuditEntry:
    return AuditEntry.objects.get(model="crm.lead", object_id=str(pk))


@pytest.mark.parametrize(("model", "fields"), KINDS)
def test_a_row_is_stored_and_recorded_as_any_other(model, fields, cast):
    with tenant_scope(cast.acme.pk):
        other = model.insert(**fields(cast, 1))
    with tenant_scope(cast.acme.pk):
        last = model.insert_last(**fields(cast, 2))

    with tenant_scope(cast.acme.pk):
        assert told(last) == told(other)
        assert stored(last) == stored(other)
        assert recorded(last) == recorded(other) != []
        entries = AuditEntry.objects.filter(model=model._meta.label_lower, object_id__in=[last.pk, other.pk])
        assert len({frozenset(entry.changes) for entry in entries}) == 1


def test_the_entry_travels_with_the_row_and_the_end(cast, commits):
    with tenant_scope(cast.acme.pk):
        row = Lead.insert_last(**a_lead(cast))

    (sent,) = [sent for sent in commits if any("leads" in sql for sql in sent)]
    assert len(sent) == 1
    assert "audit_entries" in sent[0]
    with tenant_scope(cast.acme.pk):
        assert entry_of(row.pk).changes["id"] == [None, row.pk]


def test_who_acts_and_what_is_long_or_secret_is_recorded_the_same(cast):
    fields = {**a_lead(cast), "name": "Zoë" * 100, "notes": 'has "enc:v1:abcdef" in it\n\\', "timezone": "%s"}
    made = []
    for insert in (Lead.insert, Lead.insert_last):
        with tenant_scope(cast.acme.pk):
            act_as(type="user", id=cast.alice.pk, name="Alice", address="192.0.2.7", request_id="r")
            made.append(insert(**fields))

    with tenant_scope(cast.acme.pk):
        other, last = (entry_of(row.pk) for row in made)
    assert [getattr(last, name) for name in KEPT] == [getattr(other, name) for name in KEPT]
    assert (last.actor_name, len(last.object_name)) == ("Alice", 200)
    assert {**last.changes, "id": None} == {**other.changes, "id": None}


def test_a_moment_is_recorded_once_it_is_stored_for_that_is_in_utc(cast, commits):
    with tenant_scope(cast.acme.pk):
        ContactSubmission.insert_last(**a_contact(cast))

    assert [sql.partition(" (")[0] for sql in commits[-1]] == ["INSERT INTO audit_entries"]


def test_nothing_else_can_be_asked_but_what_is_to_be_done_afterwards(cast):
    done = []
    with tenant_scope(cast.acme.pk):
        after_scope(lambda: done.append(connection.has_ended))
        row = Lead.insert_last(**a_lead(cast))
        with pytest.raises(TransactionManagementError):
            Lead.objects.count()
        with pytest.raises(TransactionManagementError):
            Lead.insert(**a_lead(cast))

    assert done == [False]
    with tenant_scope(cast.acme.pk):
        assert Lead.objects.filter(pk=row.pk).exists()
        assert Lead.objects.count() == 1


def test_what_was_held_back_is_told_before(cast):
    with tenant_scope(cast.acme.pk):
        first = Lead.insert(**a_lead(cast))
        last = Lead.insert_last(**a_lead(cast))

    with tenant_scope(cast.acme.pk):
        assert {entry_of(first.pk).action, entry_of(last.pk).action} == {"create"}


def test_what_postgresql_refuses_leaves_nothing_and_the_connection_is_as_before(cast):
    with tenant_scope(cast.acme.pk):
        FormTemplate.insert_last(**a_form(cast))
    for _ in range(3):
        with pytest.raises(IntegrityError), tenant_scope(cast.acme.pk):
            FormTemplate.insert_last(**a_form(cast))

    with tenant_scope(cast.acme.pk):
        assert FormTemplate.objects.filter(slug="quote-1").count() == 1
        assert AuditEntry.objects.filter(model="forms.formtemplate", object_name="Quote").count() == 1
        assert not connection.has_ended


def test_a_reference_to_nothing_leaves_neither_row_nor_entry(cast):
    with pytest.raises(IntegrityError), tenant_scope(cast.acme.pk):
        Lead.insert_last(**{**a_lead(cast), "strategy": None, "strategy_id": 10**9})

    with tenant_scope(cast.acme.pk):
        assert Lead.objects.count() == AuditEntry.objects.filter(model="crm.lead").count() == 0


def test_a_block_around_it_goes_on_and_can_be_taken_back(cast):
    with tenant_scope(cast.acme.pk):
        with transaction.atomic():
            Lead.insert_last(**a_lead(cast))
            assert Lead.objects.count() == 1
            transaction.set_rollback(True)
        assert Lead.objects.count() == 0


def test_the_api_makes_leads_and_bookings_in_that_way_and_answers_as_it_shows_them(cast, commits):
    client = client_of(cast.alice)
    lead = {"name": "Zoë", "conversation_state": {"n": 2**62, "a": [1.5, None]}, "strategy_id": cast.acme_strategy.pk}
    lead["regular_user_id"] = cast.alice.pk
    made = client.post(LEADS, lead)
    kept = client.post(LEADS, lead, headers={"Idempotency-Key": "once"})
    details = {"date": "2027-01-15", "time": "10:00"}
    booking = {"booking_type": "demo", "details": details, "regular_user_id": cast.alice.pk}
    booked = client.post("/api/v1/bookings/", booking)

    assert [made.status_code, kept.status_code, booked.status_code] == [201, 201, 201]
    assert made.content == client.get(f"{LEADS}{made.json()['id']}/").content
    assert booked.content == client.get(f"/api/v1/bookings/{booked.json()['id']}/").content
    inserts = [sql for sent in commits for sql in sent if sql.startswith("WITH made")]
    assert [sql.split('"')[1] for sql in inserts] == ["leads", "bookings"]
    with tenant_scope(cast.acme.pk):
        last, other = entry_of(made.json()["id"]), entry_of(kept.json()["id"])
        assert Booking.objects.count() == 1
    assert [getattr(last, name) for name in KEPT] == [getattr(other, name) for name in KEPT]
    assert {**last.changes, "id": None} == {**other.changes, "id": None}


def test_the_api_says_what_postgresql_refuses_and_makes_nothing(cast, monkeypatch):
    """A strategy that was there when the request began is deleted before the lead is made."""

    def delete_strategy() -> None:
        try:
            with system_scope("test"):
                Strategy.objects.filter(pk=cast.acme_strategy.pk).delete()
        finally:
            connection.close()

    def create_late(**fields) -> Lead:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(delete_strategy).result()
        return create_lead(**fields)

    monkeypatch.setattr("crm.serializers.create_lead", create_late)
    body = {"name": "Zoë", "regular_user_id": cast.alice.pk, "strategy_id": cast.acme_strategy.pk}

    answer = client_of(cast.alice).post(LEADS, body)

    assert answer.status_code == 400
    assert [(error["path"], error["code"]) for error in answer.json()["errors"]] == [("strategy_id", "does_not_exist")]
    with tenant_scope(cast.acme.pk):
        assert Lead.objects.count() == AuditEntry.objects.filter(model="crm.lead").count() == 0
