"""A real server process in front of a PostgreSQL that really goes away and comes back."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from loctelli.tests.processes import DatabaseServer, Installation, wait_until

pytestmark = pytest.mark.server

LOGIN = ("/api/v1/auth/login/", {"email": "nobody@loctelli.example", "password": "wrong password"})


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    database = DatabaseServer(tmp_path_factory.mktemp("database") / "postgres")
    yield database
    database.close()


@pytest.fixture(scope="module")
def web(database, tmp_path_factory):
    web = Installation(
        tmp_path_factory.mktemp("web"),
        LOGIN_THROTTLE="1000000/60",
        ANONYMOUS_THROTTLE="1000000/60",
        **database.environment(),
    )
    web.succeed("migrate", "--verbosity", "0")
    web.launch(
        *("-m", "granian", "--interface", "wsgi", "--port", str(web.port), "--blocking-threads", "4"),
        "loctelli.wsgi:application",
    )
    wait_until(lambda: web.request("/healthz")[0] == 200)
    yield web
    web.close()


def test_an_outage_is_told_as_such_and_ends_by_itself(database, web):
    before = web.request(*LOGIN)
    database.stop()
    with ThreadPoolExecutor(4) as threads:
        during = list(threads.map(lambda _number: web.request(*LOGIN), range(8)))
    ready, alive = web.request("/readyz"), web.request("/healthz")
    database.start()
    wait_until(lambda: web.request(*LOGIN)[0] == 401)
    after = [web.request(*LOGIN)[0] for _ in range(12)]

    assert before[0] == 401
    assert [status for status, _, _ in during] == [503] * 8
    assert {headers["Retry-After"] for _, headers, _ in during} == {"5"}
    assert {json.loads(text)["code"] for _, _, text in during} == {"database_unavailable"}
    assert ready[0] == 503
    assert json.loads(ready[2])["checks"]["database"] == "unreachable"
    assert alive[0] == 200
    assert after == [401] * 12


def test_a_restart_between_two_requests_costs_no_request(database, web):
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda _number: web.request(*LOGIN)[0], range(8))) == {401}

    database.stop()
    database.start()
    answers = [web.request(*LOGIN)[0] for _ in range(8)]

    assert answers == [401] * 8
