"""The one command, and several of it at once."""

import json
import os
import signal
import socket

import psycopg
import pytest

from loctelli.tests.processes import PATIENCE, DatabaseServer, Installation, processes_of, wait_until

pytestmark = pytest.mark.server


@pytest.fixture
def installation(tmp_path):
    installation = Installation(tmp_path / "with space")
    yield installation
    installation.close()


@pytest.fixture
def database(tmp_path):
    database = DatabaseServer(tmp_path / "database")
    yield database
    database.close()


def ready(installation):
    return lambda: installation.request("/readyz")[0] == 200


def test_start_brings_everything_up_and_a_signal_takes_all_of_it_down(installation):
    process = installation.manage("start")
    wait_until(ready(installation))
    checks = json.loads(installation.request("/readyz")[2])["checks"]
    console = installation.request("/console/login/")[0]

    process.send_signal(signal.SIGTERM)
    status = process.wait(PATIENCE)
    wait_until(lambda: not processes_of(str(installation.directory)))

    output = installation.output(process)
    assert checks == {"database": "ok", "migrations": "ok", "worker": "ok"}
    assert console == 200
    assert status == 0
    assert f"http://localhost:{installation.port}/console/" in output
    assert f"http://localhost:{installation.port}/api/docs/" in output


def test_after_a_kill_nothing_runs_on_and_a_second_start_is_quick(installation):
    process = installation.manage("start")
    wait_until(ready(installation))

    process.kill()
    process.wait()
    wait_until(lambda: not processes_of(str(installation.directory)))
    installation.manage("start")
    wait_until(ready(installation))

    assert installation.request("/healthz")[0] == 200


def test_a_port_that_is_taken_is_not_shared(installation):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", installation.port))
        other.listen()

        process = installation.manage("start")
        status = process.wait(PATIENCE)

    assert status == 1
    assert f"port {installation.port} (Address already in use)" in installation.output(process)
    assert not (installation.directory / "postgres").exists()


def test_a_killed_worker_is_replaced(installation):
    installation.manage("start")
    wait_until(ready(installation))
    workers = [process for process in processes_of("manage.py\0worker") if process in mine(installation)]

    os.kill(workers[0], signal.SIGKILL)

    wait_until(
        lambda: [p for p in processes_of("manage.py\0worker") if p in mine(installation) and p not in workers] != []
    )
    assert len(workers) == 1


def test_a_web_server_killed_at_its_head_leaves_nothing_behind_that_keeps_the_port(installation):
    installation.manage("start")
    wait_until(ready(installation))
    servers = [process for process in processes_of("granian") if process in mine(installation)]

    os.kill(min(servers), signal.SIGKILL)
    wait_until(lambda: not set(servers) & set(processes_of("granian")))
    wait_until(ready(installation))

    assert installation.request("/healthz")[0] == 200


def test_production_serves_with_clean_deployment_checks_and_closes_plain_http(database, tmp_path):
    installation = Installation(
        tmp_path / "production",
        DJANGO_ENV="production",
        ALLOWED_HOSTS="app.example.com",
        ADMIN_EMAIL="root@example.com",
        ADMIN_PASSWORD="a pass phrase nobody guesses",
        **database.environment(),
    )
    checks = installation.manage("check", "--deploy", "--fail-level", "WARNING")
    assert checks.wait(PATIENCE) == 0, installation.output(checks)

    process = installation.manage("start")
    wait_until(ready(installation))
    status, headers, _ = installation.request("/console/login/", Host="app.example.com")
    foreign, *_ = installation.request("/api/v1/leads/", Host="evil.example")
    installation.close()
    lines = [line for line in installation.output(process).splitlines() if line.startswith("{")]

    assert (status, headers["location"]) == (301, "https://app.example.com/console/login/")
    assert foreign == 400
    assert lines
    assert all(json.loads(line)["level"] for line in lines)
    assert "a pass phrase nobody guesses" not in installation.output(process)


def mine(installation):
    return processes_of(f"VAR_DIR={installation.directory}")


def test_many_processes_migrate_at_once_and_each_succeeds(database, tmp_path):
    installation = Installation(tmp_path / "replicas", **database.environment())

    processes = [installation.manage("migrate", "--verbosity", "1") for _ in range(5)]
    statuses = [process.wait(120) for process in processes]

    outputs = [installation.output(process) for process in processes]
    assert statuses == [0] * 5, outputs
    assert sum("Applying crm.0001_initial" in output for output in outputs) == 1
    assert sum("No migrations to apply" in output for output in outputs) == 4


def test_in_production_a_failed_migration_ends_the_start(database, tmp_path):
    break_the_next_migration(database)
    installation = Installation(
        tmp_path / "production",
        DJANGO_ENV="production",
        ALLOWED_HOSTS="localhost,127.0.0.1",
        **database.environment(),
    )

    process = installation.manage("start")
    status = process.wait(PATIENCE)

    assert status != 0
    assert "could not be brought up to date" in installation.output(process)


def test_in_development_a_failed_migration_is_told_and_the_server_starts(database, tmp_path):
    break_the_next_migration(database)
    installation = Installation(tmp_path / "development", **database.environment())

    process = installation.manage("start")
    wait_until(lambda: installation.request("/healthz")[0] == 200)
    told = installation.output(process)
    status, _, text = installation.request("/readyz")
    installation.close()

    assert "could not be brought up to date" in told
    assert (status, json.loads(text)["checks"]["migrations"]) == (503, "missing")


def break_the_next_migration(database):
    """Take a name that a migration needs."""
    with psycopg.connect(
        host="127.0.0.1",
        port=database.address.port,
        user="loctelli_owner",
        password=database.address.owner_password,
        dbname="loctelli",
    ) as session:
        session.execute("CREATE TABLE leads (id int)")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY is too weak"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
        ({"DJANGO_ENV": "staging"}, 'DJANGO_ENV is "staging"'),
        ({"DJANGO_ENV": "production", "ALLOWED_HOSTS": "example.com"}, "DATABASE_URL is missing"),
        ({"DATABASE_URL": "mysql://user@host/db"}, "DATABASE_URL must start with postgresql://"),
        ({"DATABASE_URL": "postgresql://user@localhost/db"}, "DATABASE_OWNER_URL is missing"),
        ({"PORT": "many"}, "PORT is not a number"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_sentence(tmp_path, environment, sentence):
    installation = Installation(tmp_path, **environment)

    process = installation.manage("start")
    status = process.wait(PATIENCE)

    output = installation.output(process)
    assert status != 0
    assert output.startswith(sentence)
    assert len(output.splitlines()) == 1


def test_reset_starts_over_with_the_demo_data(installation):
    installation.succeed("migrate", "--verbosity", "0")

    first = installation.succeed("reset", "--noinput")
    second = installation.succeed("reset", "--noinput")

    assert first.splitlines()[-1] == second.splitlines()[-1] == 'Database "loctelli" is as new.'


def test_reset_asks_first(installation):
    process = installation.manage("reset")

    assert process.wait(PATIENCE) != 0


def test_reset_is_refused_in_production(database, tmp_path):
    installation = Installation(
        tmp_path / "production", DJANGO_ENV="production", ALLOWED_HOSTS="example.com", **database.environment()
    )

    process = installation.manage("reset", "--noinput")

    assert process.wait(PATIENCE) != 0
    assert "development only" in installation.output(process)
