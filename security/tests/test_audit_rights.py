"""Who may write, change, delete and see entries of the audit trail: the database has the last word."""

from contextlib import AbstractContextManager
from datetime import timedelta
from importlib import import_module

import psycopg
import pytest
from django.apps import apps
from django.db import ProgrammingError, connection
from django.utils import timezone

from accounts.pruning import prune
from crm.tests.factories import LeadFactory
from security.models import AuditEntry
from security.tests.trail_entries import entries
from tenants.audit import find_breaches
from tenants.scope import system_scope, tenant_scope

FORBIDDEN = {
    "update": "UPDATE audit_entries SET actor_name = 'Nobody'",
    "truncate": "TRUNCATE audit_entries",
    "another time": "INSERT INTO audit_entries (created_at, model) VALUES ('2020-01-01', 'crm.lead')",
    "a key": "INSERT INTO audit_entries (id, model) VALUES ('c1', 'crm.lead')",
}


FORGED = """
    INSERT INTO audit_entries (sub_account_id, actor_type, actor_name, action, model, object_id, object_name, changes)
    VALUES (%s, 'user', 'Mallory', 'update', 'crm.lead', '1', 'Forged', '{}')
"""


def attempt(statement: str, *parameters: object, scope: AbstractContextManager) -> int:
    with scope, connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN)
@pytest.mark.parametrize("as_system", [True, False], ids=["system", "tenant"])
def test_neither_tenant_nor_system_may_change_an_entry_or_say_when_it_was_written(cast, entry, statement, as_system):
    scope = system_scope("test") if as_system else tenant_scope(cast.acme.pk)

    with pytest.raises(ProgrammingError, match="permission denied") as refused:
        attempt(statement, scope=scope)
    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)


def test_a_tenant_adds_entries_about_itself_and_forges_none_of_another_s_or_the_platform_s(cast):
    globex = cast.globex.pk
    assert attempt(FORGED, globex, scope=tenant_scope(globex)) == 1

    for owner in (cast.acme.pk, None):
        with pytest.raises(ProgrammingError, match="violates row-level security"):
            attempt(FORGED, owner, scope=tenant_scope(globex))
    assert [entry.sub_account_id for entry in entries(object_name="Forged")] == [globex]


def test_a_tenant_may_not_delete_and_the_system_only_what_is_old(cast, entry):
    with pytest.raises(ProgrammingError, match="permission denied"):
        attempt("DELETE FROM audit_entries", scope=tenant_scope(cast.acme.pk))
    with system_scope("test"):
        assert AuditEntry.objects.all().delete()[0] == 0
        assert AuditEntry.objects.filter(pk=entry.pk).exists()


WRITTEN_BY_TRIGGERS = """
    CREATE FUNCTION audit_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER audit AFTER INSERT OR UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION audit_row('crm.lead');
    DROP POLICY tenant_insert ON audit_entries;
    CREATE POLICY trigger ON audit_entries FOR INSERT TO {owner} WITH CHECK (true);
"""


@pytest.mark.django_db(transaction=True)
def test_a_database_whose_triggers_wrote_the_trail_loses_them(settings):
    migration = import_module("security.migrations.0008_record_in_python")
    untouched = find_breaches()
    with connection.as_owner():
        with connection.cursor() as cursor:
            cursor.execute(WRITTEN_BY_TRIGGERS.format(owner=settings.DATABASE_ROLES.owner))
        before = find_breaches()
        with connection.schema_editor() as editor:
            migration.drop_triggers(apps, editor)
            migration.renew_policies(apps, editor)

    assert "Table leads has the trigger audit." in before
    assert find_breaches() == untouched


def age(days: int) -> None:
    """Make all entries older, which takes the owner of the table."""
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entries NO FORCE ROW LEVEL SECURITY")
        cursor.execute("UPDATE audit_entries SET created_at = now() - make_interval(days => %s)", [days])
        cursor.execute("ALTER TABLE audit_entries FORCE ROW LEVEL SECURITY")


@pytest.mark.django_db(transaction=True)
def test_pruning_forgets_entries_after_their_time(cast, settings):
    age(100)
    assert prune()["audit_entries"] == 0

    settings.KEEP_AUDIT_ENTRIES_DAYS = 99
    assert prune()["audit_entries"] > 0
    with system_scope("test"):
        old = timezone.now() - timedelta(days=99)
        assert not AuditEntry.objects.filter(created_at__lt=old).exists()


def test_a_tenant_sees_its_own_entries_only(cast, lead):
    with system_scope("test"):
        LeadFactory(strategy=cast.globex_strategy)

    with tenant_scope(cast.globex.pk):
        seen = set(AuditEntry.objects.values_list("sub_account_id", flat=True))
        with connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT sub_account_id FROM audit_entries")
            bare = {row[0] for row in cursor.fetchall()}
    assert seen == bare == {cast.globex.pk}
