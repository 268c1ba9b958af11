"""The document's section 9: each of its examples, written with the ORM inside a tenant's scope."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from crm.models import Booking, Lead
from crm.tests.factories import BookingFactory, LeadFactory
from tenants.models import SubAccount
from tenants.scope import system_scope, tenant_scope


@pytest.fixture
def leads(cast):
    """Three leads of acme's and one of globex's, a booking each."""
    with system_scope("test"):
        ours = LeadFactory.create_batch(3, strategy=cast.acme_strategy)
        theirs = LeadFactory(strategy=cast.globex_strategy)
        for lead in (*ours, theirs):
            BookingFactory(lead=lead)
    return ours


@pytest.fixture
def at_acme(cast, leads):
    with tenant_scope(cast.acme.pk):
        yield cast


@pytest.fixture
def queries():
    with CaptureQueriesContext(connection) as captured:
        yield captured


def test_find_many_with_includes(at_acme, leads, queries):
    found = list(Lead.objects.select_related("regular_user", "strategy").order_by("id"))

    assert [(lead.pk, lead.regular_user.name, lead.strategy.name) for lead in found] == [
        (lead.pk, "Alice", at_acme.acme_strategy.name) for lead in leads
    ]
    assert len(queries) == 1


def test_find_many_of_another_tenant_by_number_finds_nothing(at_acme):
    assert list(Lead.objects.filter(sub_account_id=at_acme.globex.pk)) == []


def test_find_unique(at_acme):
    assert User.objects.get(id=at_acme.alice.pk) == at_acme.alice
    with pytest.raises(User.DoesNotExist):
        User.objects.get(id=at_acme.mallory.pk)


def test_create(at_acme):
    lead = Lead.objects.create(name="John Doe", regular_user_id=at_acme.alice.pk, strategy_id=at_acme.acme_strategy.pk)

    lead.refresh_from_db()
    assert (lead.sub_account_id, lead.name, lead.status) == (at_acme.acme.pk, "John Doe", "lead")


def test_update(at_acme, leads):
    lead = Lead.objects.get(id=leads[0].pk)

    lead.status = "qualified"
    lead.save()

    assert list(Lead.objects.filter(status="qualified")) == [leads[0]]


def test_update_without_reading_first(at_acme, leads):
    assert Lead.objects.filter(id=leads[0].pk).update(status="qualified") == 1
    assert list(Lead.objects.filter(status="qualified")) == [leads[0]]


def test_delete(at_acme, leads):
    Lead.objects.get(id=leads[0].pk).delete()

    assert list(Lead.objects.order_by("id")) == leads[1:]


def test_find_one_with_includes(at_acme, leads, queries):
    lead = Lead.objects.select_related("regular_user", "strategy").get(id=leads[0].pk)

    assert (lead.regular_user, lead.strategy) == (at_acme.alice, at_acme.acme_strategy)
    assert len(queries) == 1


def test_nested_includes(at_acme, queries):
    sub_account = SubAccount.objects.prefetch_related("users__strategies").get(id=at_acme.acme.pk)

    assert [(user.name, list(user.strategies.all())) for user in sub_account.users.all()] == [
        ("Alice", [at_acme.acme_strategy])
    ]
    assert len(queries) == 3


def test_what_leads_back_from_a_row_is_the_tenants_too(at_acme):
    template = at_acme.template

    assert list(template.strategies.all()) == [at_acme.acme_strategy]


def test_select_specific_fields(at_acme, queries):
    user = (
        User.objects.select_related("sub_account")
        .only("id", "name", "email", "sub_account__id", "sub_account__name")
        .get(id=at_acme.alice.pk)
    )

    assert (user.name, user.email, user.sub_account.name) == ("Alice", "alice@acme.example", "Acme")
    (query,) = queries
    assert "password" not in query["sql"]
    assert "settings" not in query["sql"]


def test_select_specific_fields_of_the_first_hundred(at_acme, leads):
    Lead.objects.update(status="qualified")

    found = Lead.objects.filter(status="qualified").order_by("id").values("id", "name", "email")[:100]

    assert list(found) == [{"id": lead.pk, "name": lead.name, "email": lead.email} for lead in leads]


def test_a_lead_with_its_first_booking_in_one_transaction(at_acme):
    with transaction.atomic():
        lead = Lead.objects.create(name="John Doe", regular_user=at_acme.alice, strategy=at_acme.acme_strategy)
        booking = Booking.objects.create(
            lead=lead, regular_user=at_acme.alice, booking_type="meeting", details={"date": "2027-01-15"}
        )

    booking.refresh_from_db()
    assert (booking.lead, booking.sub_account_id, booking.status) == (lead, at_acme.acme.pk, "pending")


def test_a_transaction_that_fails_leaves_nothing_behind(at_acme, leads):
    @transaction.atomic
    def create_lead_with_booking(person):
        lead = Lead.objects.create(name="John Doe", regular_user=at_acme.alice, strategy=at_acme.acme_strategy)
        Booking.objects.create(lead=lead, regular_user=person, booking_type="meeting", details={})

    with pytest.raises(IntegrityError):
        create_lead_with_booking(at_acme.mallory)

    assert list(Lead.objects.order_by("id")) == leads


def test_the_isolation_level_is_the_databases_own(at_acme):
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("read committed",)
