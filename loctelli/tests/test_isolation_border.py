"""Bound to acme, with what is globex's in hand: nothing of it is read, changed, deleted or referred to."""

import pytest
from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.db.utils import ProgrammingError
from psycopg import errors

from accounts.models import User
from agents.models import Strategy
from crm.models import Booking, Lead
from crm.tests.factories import BookingFactory
from forms.models import FormTemplate
from forms.tests.factories import FormTemplateFactory
from tenants.access import Access
from tenants.models import SubAccount
from tenants.scope import (
    system_scope,
    tenant_scope,
)

# Bound to acme, with what is globex's in hand.


@pytest.mark.django_db
def test_what_is_anothers_cannot_be_read(leads):
    own, foreign = leads
    with tenant_scope(own.sub_account_id):
        assert [lead.pk for lead in Lead.objects.all()] == [own.pk]
        assert [lead.pk for lead in Lead._base_manager.all()] == [own.pk]
        assert [lead.pk for lead in Lead.objects.raw("SELECT * FROM leads")] == [own.pk]
        assert Lead.objects.filter(sub_account_id=foreign.sub_account_id).count() == 0
        assert Lead.objects.in_bulk([own.pk, foreign.pk]).keys() == {own.pk}
        assert list(foreign.bookings.all()) == []
        assert SubAccount.objects.get().pk == own.sub_account_id
        for ask in (lambda: Lead.objects.get(pk=foreign.pk), foreign.refresh_from_db, lambda: read_strategy(foreign)):
            with pytest.raises((Lead.DoesNotExist, Strategy.DoesNotExist)):
                ask()


def read_strategy(lead: Lead) -> Strategy:
    return Lead(strategy_id=lead.strategy_id).strategy


@pytest.mark.django_db
def test_joins_and_prefetches_stay_within_the_tenant(leads):
    own, foreign = leads
    with system_scope("test"):
        BookingFactory(lead=own)
        BookingFactory(lead=foreign)

    with tenant_scope(own.sub_account_id):
        users = list(User.objects.prefetch_related("leads__bookings", "strategies"))
        assert {user.sub_account_id for user in users} == {own.sub_account_id}
        assert [lead.pk for user in users for lead in user.leads.all()] == [own.pk]
        assert list(Booking.objects.values_list("lead__name", "lead__strategy__regular_user__name")) == [
            ("Own", "Alice")
        ]
        models.prefetch_related_objects([foreign], "bookings")
        assert list(foreign.bookings.all()) == []


@pytest.mark.django_db
def test_what_is_anothers_cannot_be_changed_or_deleted(leads):
    own, foreign = leads
    with tenant_scope(own.sub_account_id):
        assert Lead.objects.filter(pk=foreign.pk).update(name="x") == 0
        assert Lead.objects.filter(pk=foreign.pk).delete()[0] == 0
        assert foreign.bookings.update(status="confirmed") == 0
        assert Lead(pk=foreign.pk).delete()[0] == 0
        assert Lead.objects.bulk_update([Lead(pk=foreign.pk, name="x")], ["name"]) == 0

    with system_scope("test"):
        assert Lead.objects.get(pk=foreign.pk).name == "Foreign"


def insert_for_another(own: Lead, foreign: Lead) -> None:
    Lead.objects.create(
        name="x",
        strategy_id=own.strategy_id,
        regular_user_id=own.regular_user_id,
        sub_account_id=foreign.sub_account_id,
    )


def insert_many_of_which_one_is_anothers(own: Lead, foreign: Lead) -> None:
    mine = {"strategy_id": own.strategy_id, "regular_user_id": own.regular_user_id}
    Lead.objects.bulk_create([Lead(name="x", **mine), Lead(name="y", sub_account_id=foreign.sub_account_id, **mine)])


def insert_all_of_anothers(own: Lead, foreign: Lead) -> None:
    theirs = {"strategy_id": foreign.strategy_id, "regular_user_id": foreign.regular_user_id}
    Lead.objects.create(name="x", sub_account_id=foreign.sub_account_id, **theirs)


def move_to_another(own: Lead, foreign: Lead) -> None:
    Lead.objects.filter(pk=own.pk).update(sub_account_id=foreign.sub_account_id)


def save_moved(own: Lead, foreign: Lead) -> None:
    own.sub_account_id = foreign.sub_account_id
    own.save()


def overwrite_by_saving(own: Lead, foreign: Lead) -> None:
    foreign.name = "x"
    foreign.save()


def overwrite_in_bulk(own: Lead, foreign: Lead) -> None:
    foreign.name = "x"
    Lead.objects.bulk_update([foreign], ["name"])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO leads (id, sub_account_id, name, regular_user_id, strategy_id) VALUES (%s, %s, 'x', %s, %s) "
            "ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            [foreign.pk, foreign.sub_account_id, foreign.regular_user_id, foreign.strategy_id],
        )


def bare_sql(own: Lead, foreign: Lead) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE leads SET sub_account_id = %s WHERE id = %s", [foreign.sub_account_id, own.pk])


def overwrite_named_fields(own: Lead, foreign: Lead) -> None:
    foreign.name = "x"
    foreign.save(update_fields=["name"])


def refer_to_anothers(own: Lead, foreign: Lead) -> None:
    Booking.objects.create(lead_id=foreign.pk, regular_user_id=own.regular_user_id, booking_type="demo", details={})


def point_at_anothers(own: Lead, foreign: Lead) -> None:
    Lead.objects.filter(pk=own.pk).update(strategy_id=foreign.strategy_id)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("write", "refusal"),
    [
        (insert_for_another, errors.InsufficientPrivilege),
        (insert_many_of_which_one_is_anothers, errors.InsufficientPrivilege),
        (insert_all_of_anothers, errors.InsufficientPrivilege),
        (move_to_another, errors.InsufficientPrivilege),
        (save_moved, errors.InsufficientPrivilege),
        (overwrite_by_saving, errors.InsufficientPrivilege),
        (overwrite_in_bulk, errors.InsufficientPrivilege),
        (bare_sql, errors.InsufficientPrivilege),
        (overwrite_named_fields, type(None)),
        (refer_to_anothers, errors.ForeignKeyViolation),
        (point_at_anothers, errors.ForeignKeyViolation),
    ],
)
def test_writes_across_the_border_are_refused_and_leave_nothing(leads, write, refusal):
    own, foreign = leads
    with pytest.raises(transaction.DatabaseError) as refused, tenant_scope(own.sub_account_id):
        write(Lead(**fields_of(own)), Lead(**fields_of(foreign)))

    assert isinstance(refused.value.__cause__, refusal)
    with system_scope("test"):
        assert dict(Lead.objects.values_list("pk", "sub_account_id")) == {
            own.pk: own.sub_account_id,
            foreign.pk: foreign.sub_account_id,
        }
        assert Lead.objects.get(pk=foreign.pk).name == "Foreign"
        assert Lead.objects.get(pk=own.pk).strategy_id == own.strategy_id
        assert Booking.objects.count() == 0


def fields_of(lead: Lead) -> dict:
    return {
        name: getattr(lead, name)
        for name in ("id", "name", "email", "strategy_id", "regular_user_id", "sub_account_id")
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    "write",
    [
        lambda form: FormTemplate.objects.filter(pk=form.pk).update(name="x"),
        lambda form: FormTemplate.objects.filter(pk=form.pk).delete()[0],
        lambda form: form.delete()[0],
        lambda form: FormTemplate.objects.bulk_update([FormTemplate(pk=form.pk, name="x")], ["name"]),
        lambda form: len(FormTemplate.objects.select_for_update().filter(pk=form.pk)),
    ],
    ids=["update", "delete", "delete an instance", "bulk_update", "lock"],
)
def test_what_is_everybodys_is_read_and_not_written_even_without_row_security(cast, write):
    """In the system role, which row security lets do everything: the manager alone stands in the way."""
    with system_scope("test"):
        form = FormTemplateFactory(name="Everybody's", sub_account=None, created_by_admin=cast.ada)

    with tenant_scope(cast.acme.pk):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('role', %s, true)", [settings.DATABASE_ROLES.system])
        assert [found.pk for found in FormTemplate.objects.all()] == [form.pk]
        assert write(form) == 0
        with pytest.raises(transaction.DatabaseError), transaction.atomic():
            FormTemplate(pk=form.pk, name="x").save(update_fields=["name"])

    with system_scope("test"):
        assert FormTemplate.objects.get().name == "Everybody's"
        assert write(form) == 1


# Stamps.


@pytest.mark.django_db
def test_a_row_is_stamped_with_the_bound_sub_account(cast):
    with tenant_scope(cast.acme.pk):
        lead = Lead.objects.create(name="x", strategy=cast.acme_strategy, regular_user=cast.alice)

    assert lead.sub_account_id == cast.acme.pk


@pytest.mark.django_db
def test_the_system_stamps_nothing(cast):
    with pytest.raises(IntegrityError), system_scope("test"):
        Lead.objects.create(name="x", strategy_id=cast.acme_strategy.pk, regular_user_id=cast.alice.pk)


@pytest.mark.django_db
def test_a_tenant_changes_no_more_of_its_sub_account_than_it_may(acme):
    with tenant_scope(acme.pk):
        SubAccount.objects.update(name="Acme Inc.", description="Roofs", settings={"lead_statuses": ["quoted"]})
    for column in ("is_active", "created_by_admin_id", "id"):
        with pytest.raises(ProgrammingError, match="permission denied"), tenant_scope(acme.pk):
            SubAccount.objects.update(**{column: 1})
    for ask in (lambda: acme.delete(), lambda: SubAccount.objects.create(name="x", created_by_admin_id=1)):
        with pytest.raises(ProgrammingError, match="permission denied"), tenant_scope(acme.pk):
            ask()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "model",
    [model for model in apps.get_models() if getattr(model, "access", Access.SYSTEM) == Access.SYSTEM],
    ids=lambda model: model._meta.label,
)
def test_what_is_the_systems_alone_is_a_loud_refusal_to_tenants(acme, model):
    with pytest.raises(ProgrammingError, match="permission denied"), tenant_scope(acme.pk):
        list(model._base_manager.values_list("pk")[:1])
