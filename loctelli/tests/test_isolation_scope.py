"""The binding: what a connection may touch, when it may, and that nothing of it is left over."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.db.utils import ProgrammingError
from psycopg import errors

from accounts.models import User
from agents.models import Strategy
from crm.models import Booking, Lead
from crm.tests.factories import BookingFactory, LeadFactory
from forms.models import FormTemplate
from forms.tests.factories import FormTemplateFactory
from tenants.access import Access
from tenants.models import SubAccount
from tenants.scope import (
    ScopeConflict,
    TenantRequired,
    current_scope,
    ensure_scope,
    is_bound,
    system_scope,
    tenant_scope,
)

TENANTS_MODELS = [model for model in apps.get_models() if Access(getattr(model, "access", Access.SYSTEM)).has_policies]
OPERATIONS: dict[str, Callable[[type[models.Model]], object]] = {
    "all": lambda model: list(model._default_manager.all()),
    "iterate the base manager": lambda model: list(model._base_manager.all()),
    "filter": lambda model: model.objects.filter(pk=1),
    "exclude": lambda model: model.objects.exclude(pk=1),
    "get": lambda model: model.objects.get(pk=1),
    "first": lambda model: model.objects.first(),
    "count": lambda model: model.objects.count(),
    "exists": lambda model: model.objects.exists(),
    "aggregate": lambda model: model.objects.aggregate(models.Max("pk")),
    "values": lambda model: list(model.objects.values_list("pk")),
    "iterator": lambda model: list(model.objects.iterator()),
    "in_bulk": lambda model: model.objects.in_bulk([1]),
    "raw": lambda model: list(model.objects.raw(f"SELECT * FROM {model._meta.db_table}")),
    "none": lambda model: model.objects.none(),
    "lock": lambda model: list(model.objects.select_for_update()),
    "create": lambda model: model.objects.create(),
    "bulk_create": lambda model: model.objects.bulk_create([model()]),
    "bulk_update": lambda model: model.objects.bulk_update([model(pk=1)], ["pk"]),
    "get_or_create": lambda model: model.objects.get_or_create(pk=1),
    "update_or_create": lambda model: model.objects.update_or_create(pk=1),
    "update": lambda model: model.objects.update(pk=1),
    "delete": lambda model: model.objects.all().delete(),
    "save": lambda model: model(pk=2).save_base(),
    "insert": lambda model: model().save_base(force_insert=True),
    "refresh": lambda model: model(pk=1).refresh_from_db(),
    "delete an instance": lambda model: model(pk=2).delete(),
}


@pytest.fixture
def leads(cast) -> tuple[Lead, Lead]:
    """A lead of acme's and one of globex's."""
    with system_scope("test"):
        return LeadFactory(name="Own", strategy=cast.acme_strategy), LeadFactory(
            name="Foreign", strategy=cast.globex_strategy
        )


def state() -> tuple[str, str]:
    """Return the role and the sub-account that PostgreSQL has for this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user::text, coalesce(current_setting('app.sub_account_id', true), '')")
        return cursor.fetchone()


UNBOUND = (settings.DATABASE_ROLES.tenant, "")


# Bound to nobody.


@pytest.mark.django_db
@pytest.mark.parametrize("model", TENANTS_MODELS, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_unbound_every_operation_on_every_model_of_tenants_raises(model, operation):
    with pytest.raises(TenantRequired):
        operation(model)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "follow",
    [
        lambda lead: lead.strategy,
        lambda lead: lead.sub_account,
        lambda lead: list(lead.bookings.all()),
        lambda lead: lead.bookings.create(booking_type="demo", details={}),
        lambda lead: lead.bookings.update(status="confirmed"),
        lambda lead: models.prefetch_related_objects([lead], "bookings"),
        lambda lead: models.prefetch_related_objects([lead], "strategy__regular_user"),
    ],
    ids=["forward", "sub-account", "reverse", "create", "update", "prefetch", "prefetch forward"],
)
def test_unbound_no_relation_can_be_followed(leads, follow):
    lead = Lead(pk=leads[0].pk, strategy_id=leads[0].strategy_id, sub_account_id=leads[0].sub_account_id)

    with pytest.raises(TenantRequired):
        follow(lead)


@pytest.mark.django_db
def test_unbound_bare_sql_finds_nothing_and_writes_nothing(leads):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM leads")
        assert cursor.fetchone() == (0,)
        cursor.execute("UPDATE leads SET name = 'x'")
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM leads")
        assert cursor.rowcount == 0


@pytest.mark.django_db
def test_unbound_there_is_no_scope_to_ask_for():
    assert not is_bound()
    with pytest.raises(TenantRequired):
        current_scope()


@pytest.mark.django_db
@pytest.mark.parametrize("nobody", [0, -1, 2**62])
def test_bound_to_a_sub_account_that_does_not_exist_there_is_nothing(leads, nobody):
    with tenant_scope(nobody):
        assert (Lead.objects.count(), SubAccount.objects.count()) == (0, 0)


@pytest.mark.parametrize("nonsense", ["", "1; RESET ROLE", None, "1 OR true"])
def test_only_numbers_are_sub_accounts(nonsense):
    with pytest.raises((TypeError, ValueError)):
        tenant_scope(nonsense)


# One at a time.


@pytest.mark.django_db
@pytest.mark.parametrize("outer", [lambda: tenant_scope(1), lambda: system_scope("test")], ids=["tenant", "system"])
@pytest.mark.parametrize("inner", [lambda: tenant_scope(1), lambda: system_scope("test")], ids=["tenant", "system"])
def test_scopes_never_nest_and_the_outer_one_holds_on(outer, inner):
    with outer() as scope:
        with pytest.raises(ScopeConflict), inner():
            pass
        assert current_scope() is scope


@pytest.mark.django_db
def test_ensuring_a_scope_keeps_the_one_there_is(acme):
    with tenant_scope(acme.pk) as scope, ensure_scope("test"):
        assert current_scope() is scope
    with ensure_scope("test"):
        assert current_scope().is_system
    assert not is_bound()


@pytest.mark.django_db(transaction=True)
def test_a_scope_does_not_open_within_a_transaction():
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), tenant_scope(1):
        pass
    assert not is_bound()


# Nothing is left over.


class Boom(Exception):
    pass


def normally(acme) -> None:
    with tenant_scope(acme.pk):
        assert state() == (UNBOUND[0], str(acme.pk))


def by_exception(acme) -> None:
    with pytest.raises(Boom), tenant_scope(acme.pk):
        raise Boom


def by_rollback(acme) -> None:
    with tenant_scope(acme.pk):
        transaction.set_rollback(True)


def by_database_error(acme) -> None:
    with pytest.raises(ProgrammingError), tenant_scope(acme.pk), connection.cursor() as cursor:
        cursor.execute("SELECT nonsense")


def from_the_system(acme) -> None:
    with system_scope("test"):
        assert state() == (settings.DATABASE_ROLES.system, "")


@pytest.mark.parametrize("end", [normally, by_exception, by_rollback, by_database_error, from_the_system])
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("inside a test's transaction", marks=pytest.mark.django_db),
        pytest.param("for real", marks=pytest.mark.django_db(transaction=True)),
    ],
)
def test_however_a_scope_ends_neither_role_nor_sub_account_stay(request, end, kind):
    acme = request.getfixturevalue("acme")

    end(acme)

    assert not is_bound()
    assert state() == UNBOUND


@pytest.mark.django_db(transaction=True)
def test_a_connection_from_the_pool_knows_nothing_of_who_had_it(leads):
    """Threads bind, some fail, and give their connections back; whoever gets one next is bound to nobody."""

    def work(number: int) -> tuple[tuple[str, str], int, tuple[str, str]]:
        try:
            before = state()
            try:
                with tenant_scope(leads[number % 2].sub_account_id):
                    seen = Lead.objects.get().pk
                    if number % 3 == 0:
                        raise Boom
            except Boom:
                pass
            return before, seen, state()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(work, range(200)))

    assert {before for before, _, _ in results} == {after for _, _, after in results} == {UNBOUND}
    assert [seen for _, seen, _ in results] == [leads[number % 2].pk for number in range(200)]


@pytest.mark.django_db(transaction=True)
def test_what_runs_on_commit_is_bound_to_nobody(acme):
    outcomes = []

    def hook() -> None:
        outcomes.append((is_bound(), state()))

    with tenant_scope(acme.pk):
        transaction.on_commit(hook)

    assert outcomes == [(False, UNBOUND)]


@pytest.mark.django_db(transaction=True)
def test_a_thread_started_within_a_scope_is_bound_to_nobody(acme):
    outcomes = []

    def work() -> None:
        try:
            outcomes.append((is_bound(), state()))
        finally:
            connection.close()

    with tenant_scope(acme.pk):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert outcomes == [(False, UNBOUND)]


@pytest.mark.django_db
def test_asynchronous_code_is_bound_to_nobody():
    async def read() -> list[Lead]:
        return [lead async for lead in Lead.objects.all()]

    with pytest.raises(TenantRequired):
        asyncio.run(read())


@pytest.mark.django_db
def test_a_queryset_made_in_one_scope_finds_nothing_in_another_or_in_none(leads):
    own, foreign = leads
    with tenant_scope(own.sub_account_id):
        made_in_acme = Lead.objects.all()
        assert [lead.pk for lead in made_in_acme.all()] == [own.pk]

    with tenant_scope(foreign.sub_account_id):
        assert list(made_in_acme.all()) == []
        assert made_in_acme.update(name="x") == 0
    assert list(made_in_acme.all()) == []


@pytest.mark.django_db
def test_a_queryset_made_in_the_system_scope_finds_no_more_than_the_tenants_own(leads):
    own, _ = leads
    with system_scope("test"):
        made_in_system = Lead.objects.all()
        assert made_in_system.count() == 2

    with tenant_scope(own.sub_account_id):
        assert [lead.pk for lead in made_in_system.all()] == [own.pk]
    assert list(made_in_system.all()) == []


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
