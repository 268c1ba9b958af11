"""The binding: one at a time, and nothing of it is left over."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from crm.models import Lead
from tenants.scope import (
    ScopeConflict,
    TenantRequired,
    current_scope,
    ensure_scope,
    is_bound,
    system_scope,
    tenant_scope,
)


def state() -> tuple[str, str]:
    """Return the role and the sub-account that PostgreSQL has for this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user::text, coalesce(current_setting('app.sub_account_id', true), '')")
        return cursor.fetchone()


UNBOUND = (settings.DATABASE_ROLES.tenant, "")


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
