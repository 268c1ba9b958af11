import os
import signal
import time

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.db import DatabaseError, connection, transaction
from procrastinate.contrib.django import app

from loctelli import jobs
from loctelli.database import job_functions
from loctelli.tests.processes import PATIENCE, DatabaseServer, Installation, processes_of, wait_until
from tenants.scope import system_scope, tenant_scope


def execute(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def defer():
    return app.configure_task("test.nothing", allow_unknown=True, queue="test").defer(number=1)


def test_a_tenant_defers_a_job_in_its_own_transaction(cast):
    with tenant_scope(cast.acme.id):
        job = defer()

    with system_scope("test"):
        assert execute("SELECT task_name, args FROM procrastinate_jobs WHERE id = %s", job) == [
            ("test.nothing", '{"number": 1}')
        ]


@pytest.mark.parametrize("table", job_functions.TABLES)
@pytest.mark.parametrize("statement", ["SELECT * FROM {}", "DELETE FROM {}", "INSERT INTO {} DEFAULT VALUES"])
def test_a_tenant_has_no_right_to_the_jobs_tables(cast, table, statement):
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        execute(statement.format(table))

    assert isinstance(refusal.value.__cause__, psycopg.errors.InsufficientPrivilege)


def test_a_tenant_executes_no_other_function_of_the_jobs(cast):
    with system_scope("test"):
        executable = execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace "
            "AND (proname LIKE 'procrastinate%%' OR proname LIKE 'worker%%') "
            "AND has_function_privilege(%s, oid, 'EXECUTE') ORDER BY 1",
            os.environ.get("DATABASE_ROLE_PREFIX", "loctelli") + "_tenant",
        )

    assert executable == [("procrastinate_defer_jobs_v1",), ("worker_last_heartbeat",)]


def test_every_function_with_the_owner_s_rights_looks_in_its_own_schema_only(cast):
    loose = execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace "
        "AND (prosecdef OR proname LIKE 'procrastinate%%') "
        "AND coalesce(proconfig::text, '') NOT LIKE '%%search_path=%%'"
    )

    assert loose == []


def stalled_job(attempts):
    """A job whose worker has not been heard of for a minute."""
    job = defer()
    worker = execute(
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute') RETURNING id"
    )[0][0]
    execute(
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s, attempts = %s WHERE id = %s",
        worker,
        attempts,
        job,
    )
    return job


@pytest.mark.parametrize(("attempts", "status"), [(0, "todo"), (3, "todo"), (4, "failed")])
def test_a_stalled_job_is_started_again_but_not_for_ever(cast, attempts, status):
    with system_scope("test"):
        job = stalled_job(attempts)

        async_to_sync(jobs.retry_stalled_jobs.func)(timestamp=0)

        state = execute("SELECT status::text, attempts FROM procrastinate_jobs WHERE id = %s", job)
    assert state == [(status, attempts + 1)]


@pytest.mark.server
def test_the_worker_works_and_outlives_a_restart_of_the_database(tmp_path):
    database = DatabaseServer(tmp_path / "database")
    installation = Installation(tmp_path / "worker", **database.environment())
    installation.succeed("migrate", "--verbosity", "0")
    worker = installation.manage("worker")
    first = deferred_and_done(database)

    os.kill(database.postmaster(), signal.SIGKILL)
    wait_until(lambda: database.embedded.ensure() is not None)
    second = deferred_and_done(database)
    same_process = worker.poll() is None
    worker.send_signal(signal.SIGTERM)
    status = worker.wait(PATIENCE)
    workers_left = as_owner(
        database, "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '9 s'"
    )
    installation.close()
    database.close()

    assert (first, second) == ("done", "done")
    assert same_process
    assert status == 0
    assert workers_left == 0
    assert processes_of(str(installation.directory)) == []


def deferred_and_done(database):
    """Defer the periodic job by hand and wait until the worker has worked it off, which deletes it."""
    job = as_owner(
        database,
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args) "
        "VALUES ('default', 'loctelli.retry_stalled_jobs', '{\"timestamp\": 0}') RETURNING id",
    )
    wait_until(lambda: as_owner(database, f"SELECT count(*) FROM procrastinate_jobs WHERE id = {job}") == 0)
    return "done"


def as_owner(database, statement):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with psycopg.connect(
                host="127.0.0.1",
                port=database.address.port,
                user="loctelli_owner",
                password=database.address.owner_password,
                dbname="loctelli",
            ) as session:
                return session.execute(statement).fetchone()[0]
        except psycopg.OperationalError:
            # The server is on its way up again.
            assert time.monotonic() < deadline
            time.sleep(0.2)
