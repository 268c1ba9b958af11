"""A real server process whose login role's statement timeout ends what takes too long."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from loctelli.tests.processes import DatabaseServer, Installation, wait_until

pytestmark = pytest.mark.server

THREADS = 2


@pytest.fixture(scope="module")
def administrator(tmp_path_factory):
    database = DatabaseServer(tmp_path_factory.mktemp("database") / "postgres")
    with psycopg.connect(
        host="127.0.0.1",
        port=database.address.port,
        user="postgres",
        password=database.administrator_password(),
        dbname="loctelli",
        autocommit=True,
    ) as connection:
        connection.database = database
        yield connection
    database.close()


@pytest.fixture(scope="module")
def web(administrator, tmp_path_factory):
    web = Installation(tmp_path_factory.mktemp("web"), **administrator.database.environment())
    web.succeed("migrate", "--verbosity", "0")
    administrator.execute("ALTER ROLE loctelli_login SET statement_timeout = '1s'")
    web.launch(
        *("-m", "granian", "--interface", "wsgi", "--port", str(web.port), "--blocking-threads", str(THREADS)),
        "loctelli.tests.slow_wsgi:application",
    )
    wait_until(lambda: web.request("/healthz")[0] == 200)
    yield web
    web.close()


def states(administrator) -> list[tuple[str]]:
    return administrator.execute(
        "SELECT DISTINCT state FROM pg_stat_activity "
        "WHERE usename = 'loctelli_login' AND backend_type = 'client backend'"
    ).fetchall()


def test_what_takes_too_long_is_ended_told_and_logged_and_no_worker_is_stuck(administrator, web):
    with ThreadPoolExecutor(6) as threads:
        slow = list(threads.map(lambda _number: web.request("/api/v1/slow/?seconds=60"), range(6)))
    quick = [web.request("/api/v1/slow/?seconds=0") for _ in range(2 * THREADS)]

    assert [status for status, _, _ in slow] == [503] * 6
    assert {headers["Retry-After"] for _, headers, _ in slow} == {"5"}
    assert {json.loads(text)["code"] for _, _, text in slow} == {"query_timeout"}
    # The connections are as good as new: nothing runs on, nothing is left of the transaction.
    assert [status for status, _, _ in quick] == [200] * len(quick)
    wait_until(lambda: states(administrator) == [("idle",)])
    log = web.output(web.started[-1])
    assert len(re.findall(r"incident .*code=query_timeout .*path=/api/v1/slow/", log)) == 6
    # Where it was asked.
    assert "slow_wsgi.py" in log


def test_a_person_gets_a_page(web):
    status, headers, text = web.request("/slow/?seconds=60")

    assert (status, headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "took the database too long" in text


def test_waiting_for_somebody_else_s_lock_is_told_as_such(administrator, web):
    administrator.execute("ALTER ROLE loctelli_login SET lock_timeout = '500ms'")
    # Waits until each is gone: the pool notices a closed connection, not one about to be.
    administrator.execute(
        "SELECT pg_terminate_backend(pid, 10_000) FROM pg_stat_activity WHERE usename = 'loctelli_login'"
    )
    login = ("/api/v1/auth/login/", {"email": "nobody@loctelli.example", "password": "wrong password"})

    with administrator.transaction():
        administrator.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        status, headers, text = web.request(*login)

    assert (status, json.loads(text)["code"], headers["Retry-After"]) == (503, "rows_locked", "5")
    assert web.request(*login)[0] == 401
