"""Counts what a request costs on the way to the database: how often somebody waits for an answer of its."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from benchmarks.link import Link

# After as many, psycopg has prepared the statements: preparing costs a round trip of its own, once a connection.
UNTIL_PREPARED = 8
MEASURED = 3
# How many seconds an answer takes: by then all that travels together has been sent, on a busy machine, too.
DELAY = 0.02


@contextmanager
def over_a_link() -> Iterator[Link]:
    """Let Django's connection run over a link that counts, outside of any transaction."""
    connection.ensure_connection()
    original = connection.address_params
    address = original(make_sure=False)

    def address_params(*, make_sure: bool) -> dict[str, Any]:
        return {**original(make_sure=make_sure), "host": "127.0.0.1", "port": link.port}

    with Link(address["host"], int(address["port"]), delay=DELAY) as link:
        _disconnect()
        connection.address_params = address_params
        try:
            yield link
        finally:
            del connection.address_params
            _disconnect()


def cost_of(call: Callable[[], Any], link: Link) -> int:
    """Return the round trips of a call on a connection that has done it before."""
    for _ in range(UNTIL_PREPARED):
        _answered(call)
    costs = []
    for _ in range(MEASURED):
        before = link.round_trips
        _answered(call)
        costs.append(link.round_trips - before)
    # What the pool does in a thread of its own passes over the link, too.
    return min(costs)


def _answered(call: Callable[[], Any]) -> None:
    answer = call()
    assert answer.status_code < 300, answer.content
    # What a server does after each request: the connection goes back to the pool.
    connection.close()


def _disconnect() -> None:
    connection.close()
    connection.close_pool()
