"""Statements that nobody waits for: they reach PostgreSQL with whatever comes next, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DataError, connection, transaction

from loctelli.database.queries import Query
from loctelli.tests.round_trips import over_a_link

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = "SELECT hits FROM throttle_hits(ARRAY[%s], ARRAY[9], ARRAY[60])"


def count(key: str) -> Query:
    return Query(COUNT, [key])


def counted(key: str) -> int:
    """Return how often a key was counted before."""
    query = count(key)
    connection.send([query])
    return query.rows[0][0] - 1


@contextmanager
def taken_back(error: type[Exception]) -> Iterator[None]:
    """Be in a transaction that an error ends."""
    with pytest.raises(error), transaction.atomic():
        yield


def test_it_travels_with_the_next_statement_or_with_the_end():
    costs = []
    with over_a_link() as link:
        for _ in range(5):
            with transaction.atomic():
                connection.send([Query("SELECT 1")])
                before = link.round_trips
                connection.send_along(count("next"))
                connection.send([Query("SELECT 1")])
                connection.send_along(count("end"))
            costs.append(link.round_trips - before)

    # What the pool does in a thread of its own passes over the link, too.
    assert min(costs) == 2
    assert (counted("next"), counted("end")) == (5, 5)


def test_a_cursor_finds_what_came_before_done():
    with transaction.atomic():
        connection.send_along(count("before"))
        with connection.cursor() as cursor:
            cursor.execute(COUNT, ["before"])
            assert cursor.fetchone() == (2,)


def test_outside_a_transaction_it_happens_at_once():
    connection.send_along(count("at once"))

    assert connection.held_back == []
    assert counted("at once") == 1


def test_what_is_taken_back_is_never_told():
    with taken_back(RuntimeError):
        connection.send_along(count("outer"))
        raise RuntimeError
    with transaction.atomic():
        connection.send_along(count("kept"))
        with taken_back(RuntimeError):
            connection.send_along(count("inner"))
            raise RuntimeError

    assert (counted("outer"), counted("kept"), counted("inner")) == (0, 1, 0)


def test_its_failure_takes_the_whole_transaction_back():
    with taken_back(DataError):
        connection.send([count("whole")])
        connection.send_along(Query("SELECT 1/0"))

    assert counted("whole") == 0


def test_a_connection_that_is_given_back_owes_nothing():
    with transaction.atomic():
        connection.send_along(count("given back"))
        connection.close()

    assert connection.held_back == []
    assert counted("given back") == 0
