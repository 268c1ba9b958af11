"""Statements that travel together: their rows, their failures, and what a connection is like afterwards."""

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest
from django.conf import settings
from django.db import DataError, OperationalError, ProgrammingError, connection, transaction
from django.db.transaction import TransactionManagementError
from psycopg.pq import TransactionStatus

from loctelli.database import pipeline
from loctelli.database.pipeline import numbered, pipeline_of
from loctelli.database.queries import Query
from loctelli.tests.round_trips import over_a_link
from tenants.scope import glance, is_bound, tenant_scope

pytestmark = pytest.mark.django_db(transaction=True)


def rows(sql: str, *parameters) -> list[tuple]:
    query = Query(sql, parameters)
    connection.send([query])
    return query.rows


def prepared() -> int:
    return rows("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'loctelli%%'")[0][0]


def status() -> TransactionStatus:
    return connection.connection.info.transaction_status


def test_every_statement_gets_its_own_rows_in_one_round_trip():
    queries = [Query("SELECT %s::int + 1", [41]), Query("SELECT 'a%%b', %s", ["é"]), Query("SELECT 1 WHERE false")]
    costs = []
    with over_a_link() as link:
        for _ in range(5):
            before = link.round_trips
            connection.send(queries[:1], queries[1:])
            costs.append(link.round_trips - before)

    # What the pool does in a thread of its own passes over the link, too.
    assert min(costs) == 1
    assert [query.rows for query in queries] == [[(42,)], [("a%b", "é")], []]


def test_values_arrive_as_they_were_sent():
    values = [None, True, 2**40, "Zoë\n'\"\\", datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC), [1, 2], b"\x00\xff"]
    casts = ["text", "bool", "bigint", "text", "timestamptz", "int[]", "bytea"]

    for _ in range(3):
        assert rows(f"SELECT {', '.join(f'%s::{cast}' for cast in casts)}", *values) == [tuple(values)]


def test_placeholders_are_numbered_and_percent_signs_are_themselves():
    assert numbered("SELECT %s, '100%%', %s") == b"SELECT $1, '100%', $2"


def test_a_failure_ends_its_own_group_and_no_other():
    kept, broken, left_out, after = Query("SELECT 1"), Query("SELECT 1/0"), Query("SELECT 2"), Query("SELECT 3")

    with pytest.raises(Exception, match="division by zero") as failure:
        connection.send([kept, broken, left_out], [after])

    assert isinstance(failure.value.__cause__, psycopg.errors.DivisionByZero)
    assert (kept.rows, left_out.rows, after.rows) == ([(1,)], [], [(3,)])
    assert status() == TransactionStatus.IDLE
    assert rows("SELECT 4") == [(4,)]


def test_a_group_is_one_transaction():
    hit = "SELECT hits FROM throttle_hits(ARRAY[%s], ARRAY[9], ARRAY[60])"
    local, seen = Query("SELECT set_config('app.test', 'here', true)"), "SELECT current_setting('app.test', true)"
    within, outside = Query(seen), Query(seen)

    connection.send([Query(hit, ["kept"]), local, within], [outside])
    with pytest.raises(DataError):
        connection.send([Query(hit, ["taken back"]), Query("SELECT 1/0")])

    assert (within.rows, outside.rows) == ([("here",)], [("",)])
    assert (rows(hit, "kept"), rows(hit, "taken back")) == ([(2,)], [(1,)])


def test_a_failed_transaction_says_so_until_it_is_rolled_back():
    with pytest.raises(ProgrammingError), transaction.atomic():
        connection.send([Query("SELECT nothing_like_that")])

    assert rows("SELECT 1") == [(1,)]


def test_more_than_fits_into_any_buffer_goes_both_ways():
    """Neither side waits for the other to read first."""
    text = "x" * 3_000_000
    queries = [Query("SELECT %s::text, repeat('y', 3000000)", [text]) for _ in range(8)]

    connection.send(queries)

    assert all(query.rows == [(text, "y" * 3_000_000)] for query in queries)


def test_the_second_time_a_statement_is_prepared_and_few_are_kept(monkeypatch):
    if not connection.settings_dict["PREPARES"]:
        pytest.skip("A pooler hands out ever another connection, so nothing is prepared.")
    monkeypatch.setattr(pipeline, "MAX_PREPARED", 5)
    connection.close()
    connection.close_pool()

    assert (rows("SELECT 'once'"), prepared()) == ([("once",)], 0)
    rows("SELECT 'once'")
    assert prepared() == 2  # the count itself, too
    for number in range(20):
        assert rows(f"SELECT {number}") == rows(f"SELECT {number}") == [(number,)]

    assert prepared() <= 5
    assert len(pipeline_of(connection.connection).prepared) <= 5


def test_a_statement_that_cannot_be_prepared_fails_alike_each_time():
    for _ in range(3):
        with pytest.raises(ProgrammingError, match='"nothing_like_that" does not exist'):
            rows("SELECT 1 FROM nothing_like_that")

    assert [rows("SELECT 7") for _ in range(3)] == [[(7,)]] * 3


def test_without_prepared_statements_all_the_same(monkeypatch):
    """As through a pooler in transaction mode."""
    connection.ensure_connection()
    monkeypatch.setattr(pipeline_of(connection.connection), "prepares", False)

    assert [rows("SELECT %s::text", "a") for _ in range(3)] == [[("a",)]] * 3


def test_a_connection_that_is_lost_is_told_of_and_not_used_again():
    connection.ensure_connection()
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)

    with pytest.raises(OperationalError):
        rows("SELECT 1")
    assert connection.connection.closed

    connection.close()

    assert rows("SELECT 1") == [(1,)]


def test_whoever_is_interrupted_leaves_no_answers_to_others(monkeypatch):
    connection.ensure_connection()
    own = pipeline_of(connection.connection)

    def interrupted(events):
        raise KeyboardInterrupt

    monkeypatch.setattr(own, "_wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        connection.send([Query("SELECT pg_sleep(0.2)")])

    assert connection.connection.closed


def test_threads_do_not_mix_their_answers():
    def ask(number: int) -> bool:
        try:
            return all(rows("SELECT %s::text || pg_sleep(0.001)", str(number)) == [(str(number),)] for _ in range(20))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(16)))


def test_a_glance_shows_a_sub_accounts_rows_and_asks_nothing_more(cast):
    names = Query("SELECT name FROM leads")
    seen = {}
    for owner in (cast.acme, cast.globex):
        with tenant_scope(owner.pk), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO leads (name, regular_user_id, strategy_id, updated_at) "
                "SELECT %s, u.id, s.id, now() FROM users u, strategies s LIMIT 1",
                [owner.name],
            )
    for owner in (cast.acme, cast.globex):
        with glance(owner.pk, names) as scope:
            seen[scope.sub_account_id] = names.rows
            with pytest.raises(TransactionManagementError), connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            with pytest.raises(TransactionManagementError):
                rows("SELECT 1")

    assert seen == {cast.acme.pk: [("Acme",)], cast.globex.pk: [("Globex",)]}
    assert not is_bound()
    assert rows("SELECT current_setting('app.sub_account_id', true), current_user") == [
        ("", settings.DATABASE_ROLES.tenant)
    ]


def test_after_a_glance_the_thread_holds_no_connection(cast):
    connection.close()

    with glance(cast.acme.pk, asked := Query("SELECT current_user")):
        held = connection.connection

    assert asked.rows == [(settings.DATABASE_ROLES.tenant,)]
    assert held is None


def test_what_is_prepared_outlives_a_savepoint_that_is_rolled_back():
    for _ in range(3):
        rows("SELECT 'kept'")
        with connection.execute_wrapper(lambda execute, *args: execute(*args)):
            for _ in range(8):
                rows("SELECT 'watched'")
        with transaction.atomic():
            with pytest.raises(DataError), transaction.atomic():
                rows("SELECT 1/0")
            assert rows("SELECT 'kept'") == [("kept",)]
