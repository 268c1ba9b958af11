import logging
import threading

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.transaction import TransactionManagementError

from loctelli.database.checks import check_schema

ROLES = settings.DATABASE_ROLES


def ask(question, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(question, parameters)
        return cursor.fetchone()


def test_the_application_logs_in_with_no_more_than_a_tenant_s_rights(db):
    assert ask("SELECT session_user, current_user") == (ROLES.login, ROLES.tenant)


def test_every_session_has_limits_that_no_client_sent(db):
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone")

    values = [ask("SELECT current_setting(%s)", name)[0] for name in names]

    assert values == ["30s", "10s", "1min", "UTC"]


@pytest.mark.parametrize("statement", ["CREATE TABLE mine (id int)", "CREATE TEMPORARY TABLE leads (id int)"])
def test_the_application_creates_nothing(db, statement):
    with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert isinstance(refusal.value.__cause__, psycopg.errors.InsufficientPrivilege)


@pytest.mark.parametrize("role", [ROLES.owner, "postgres"])
def test_the_application_can_t_become_more(db, role):
    with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")

    assert isinstance(
        refusal.value.__cause__,
        psycopg.errors.InsufficientPrivilege | psycopg.errors.InvalidParameterValue,
    )


@pytest.mark.django_db(transaction=True)
def test_as_owner_is_another_connection_and_gives_back_the_first_role():
    database = ask("SELECT current_database()")

    with connection.as_owner(), connection.as_owner():
        inside = ask("SELECT session_user, current_user, current_database(), current_schema()")
        pool_inside = connection.pool
    outside = ask("SELECT session_user, current_user, current_database()")

    assert inside == (ROLES.owner, ROLES.owner, *database, settings.DATABASES["default"]["SCHEMA"])
    assert pool_inside is None
    assert outside == (ROLES.login, ROLES.tenant, *database)


@pytest.mark.django_db(transaction=True)
def test_as_owner_leaves_nothing_behind_when_its_block_fails():
    with pytest.raises(ZeroDivisionError), connection.as_owner():
        raise ZeroDivisionError

    assert ask("SELECT current_user") == (ROLES.tenant,)


@pytest.mark.django_db(transaction=True)
def test_as_owner_does_not_make_another_thread_the_owner():
    seen = []

    def look():
        seen.append(ask("SELECT session_user")[0])
        connection.close()

    with connection.as_owner():
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    assert seen == [ROLES.login]


def test_as_owner_is_refused_inside_a_transaction(db):
    with pytest.raises(TransactionManagementError), connection.as_owner():
        pass


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"], reason="behind a pooler the server's sessions are its own"
)
def test_connections_that_the_server_closed_are_not_handed_out():
    everyone_has_one = threading.Barrier(4)
    threads = [threading.Thread(target=_use_a_connection, args=(everyone_has_one,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connection.close()

    ended = _end_every_session_of_the_pool()
    answers = []
    for _ in range(6):
        answers.append(ask("SELECT 1"))
        connection.close()

    assert ended >= 4
    assert answers == [(1,)] * 6


def _use_a_connection(everyone_has_one):
    assert ask("SELECT 1") == (1,)
    everyone_has_one.wait(60)
    connection.close()


def _end_every_session_of_the_pool():
    with psycopg.connect(**connection.system_connection_params(), autocommit=True) as session:
        session.execute("SET ROLE NONE")
        return session.execute(
            # Waits until each has ended: asked to end, a session may still answer once.
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
            "WHERE usename = session_user AND pid <> pg_backend_pid() AND datname = current_database()"
        ).fetchone()[0]


def test_the_server_s_warnings_are_logged(db, caplog):
    with caplog.at_level(logging.WARNING, logger="loctelli.database"), connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE WARNING 'disk almost full'; END $$")

    assert [record.getMessage() for record in caplog.records] == ["WARNING: disk almost full"]


def test_the_schema_check_is_content_when_address_and_role_agree(db):
    assert check_schema(databases=["default"]) == []


def test_the_schema_check_names_both_when_they_differ(db, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "SCHEMA", "elsewhere")

    problems = check_schema(databases=["default"])

    assert [problem.id for problem in problems] == ["loctelli.E001"]
    assert '"elsewhere"' in problems[0].msg


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "command", [["showmigrations"], ["makemigrations", "--check"], ["migrate"], ["sqlmigrate", "crm", "0001"]]
)
def test_schema_commands_run_as_the_owner_and_leave_the_tenant(command, capsys):
    call_command(*command, verbosity=0)

    assert ask("SELECT current_user") == (ROLES.tenant,)
