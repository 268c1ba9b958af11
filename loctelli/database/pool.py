"""The pool of database connections, made to notice a restarted server at once."""

import select
import time
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

# How long a request waits for a connection while the server is known to be away.
OUTAGE_TIMEOUT = 0.25


class Pool(ConnectionPool[psycopg.Connection[Any]]):
    """A pool that never hands out a connection the server has closed.

    psycopg's own check asks the server with each request and pauses a second after each dead connection. A connection
    that idles has nothing to read; one with something to read has been closed, or soon will be.
    """

    _server_is_away = False

    def getconn(self, timeout: float | None = None) -> psycopg.Connection[Any]:
        """Return a live connection, within the pool's timeout or, in an outage, soon."""
        if timeout is None:
            timeout = OUTAGE_TIMEOUT if self._server_is_away else self.timeout
        deadline = time.monotonic() + timeout
        try:
            connection = super().getconn(timeout)
            while _has_something_to_read(connection):
                connection.close()
                self.putconn(connection)
                connection = super().getconn(max(deadline - time.monotonic(), 0.01))
        except PoolTimeout:
            self._server_is_away = True
            raise
        self._server_is_away = False
        return connection


def _has_something_to_read(connection: psycopg.Connection[Any]) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
