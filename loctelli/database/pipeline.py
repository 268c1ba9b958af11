"""Several statements in one round trip, prepared and in binary: libpq's pipeline mode, by psycopg's own low level.

What psycopg does in Python around each statement takes longer than PostgreSQL does for a short one.
"""

import re
import select
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from loctelli.database.queries import Query

# How many statements a connection keeps prepared: the shapes of answers that people really ask for.
MAX_PREPARED = 300
SUCCESSES = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY)

# What is done with the result of one command, in the order they were sent; None for the mark that ends a transaction.
OnResult = Callable[[PGresult], object] | None


class Pipeline:
    """Sends statements over one connection; the second time that it is given one, it prepares it, if it `prepares`."""

    def __init__(self, connection: psycopg.Connection[Any], *, prepares: bool) -> None:
        self.pgconn: PGconn = connection.pgconn
        self.prepares = prepares
        # Of the adapters alone: a reference to the connection would keep it alive.
        self.transformer = Transformer(connection.adapters)
        # By text and types of parameters, in order of last use; None for what was sent once.
        self.prepared: OrderedDict[tuple[bytes, tuple[int, ...]], bytes | None] = OrderedDict()
        self.names = 0
        self.poll = select.poll()

    def run(self, groups: Sequence[Sequence[Query]]) -> None:
        """Run groups of statements in one round trip and give each its rows.

        Outside a transaction each group is one of its own. Raises psycopg's error for the first statement that fails;
        the rest of its group is not run then.
        """
        pgconn = self.pgconn
        pgconn.enter_pipeline_mode()
        self.error: psycopg.Error | None = None
        try:
            expected: list[OnResult] = []
            for group in groups:
                for query in group:
                    self._send(query, expected)
                pgconn.pipeline_sync()
                expected.append(None)
            self._flush()
            for on_result in expected:
                self._receive(on_result)
            pgconn.exit_pipeline_mode()
        except BaseException:
            # Answers may still be on their way: nobody else may read them.
            pgconn.finish()
            raise
        if self.error is not None:
            raise self.error

    # Sending.

    def _send(self, query: Query, expected: list[OnResult]) -> None:
        sql = numbered(query.sql)
        values, types, formats = self._dump(query.parameters)
        name = self._name(sql, types, expected) if self.prepares else None
        if name is None:
            self.pgconn.send_query_params(sql, values, types, formats, Format.BINARY)
        else:
            self.pgconn.send_query_prepared(name, values, formats, Format.BINARY)
        expected.append(lambda result: self._load(query, result))

    def _dump(self, parameters: Sequence[Any]) -> tuple[Sequence[Any], tuple[int, ...], Sequence[Format]]:
        if not parameters:
            return (), (), ()
        transformer = self.transformer
        values = transformer.dump_sequence(parameters, [PyFormat.AUTO] * len(parameters))
        return values, tuple(transformer.types or ()), transformer.formats or ()

    def _name(self, sql: bytes, types: tuple[int, ...], expected: list[OnResult]) -> bytes | None:
        """Return the name of a prepared statement, preparing it along the way; None for a first time."""
        key = (sql, types)
        if key not in self.prepared:
            self.prepared[key] = None
            if len(self.prepared) > MAX_PREPARED:
                _, oldest = self.prepared.popitem(last=False)
                if oldest is not None:
                    self.pgconn.send_query_params(b"DEALLOCATE " + oldest, ())
                    expected.append(self._check)
            return None
        self.prepared.move_to_end(key)
        name = self.prepared[key]
        if name is None:
            self.names += 1
            # Never a name again whose preparing may have failed half-way.
            name = f"loctelli_{self.names}".encode()
            self.pgconn.send_prepare(name, sql, types)
            expected.append(lambda result: self._remember(key, name, result))
        return name

    # Receiving.

    def _receive(self, on_result: OnResult) -> None:
        result = self._next()
        if result is None:
            raise psycopg.OperationalError(self.pgconn.get_error_message())
        if on_result is not None:
            on_result(result)
            # Which ends the results of each command but the mark.
            self._next()

    def _next(self) -> PGresult | None:
        pgconn = self.pgconn
        while pgconn.is_busy():
            self._wait(select.POLLIN)
            pgconn.consume_input()
        return pgconn.get_result()

    def _flush(self) -> None:
        while self.pgconn.flush():
            # PostgreSQL may itself be waiting for its answers to be read.
            if self._wait(select.POLLIN | select.POLLOUT) & select.POLLIN:
                self.pgconn.consume_input()

    def _wait(self, events: int) -> int:
        self.poll.register(self.pgconn.socket, events)
        return self.poll.poll()[0][1]

    def _check(self, result: PGresult) -> bool:
        if result.status in SUCCESSES:
            return True
        # What follows a failure, up to the mark, is told to have been left out.
        if self.error is None:
            self.error = error_from_result(result)
            if self.pgconn.status == ConnStatus.BAD:
                raise self.error
        return False

    def _remember(self, key: tuple[bytes, tuple[int, ...]], name: bytes, result: PGresult) -> None:
        if self._check(result):
            self.prepared[key] = name

    def _load(self, query: Query, result: PGresult) -> None:
        if self._check(result) and result.status == ExecStatus.TUPLES_OK:
            self.transformer.set_pgresult(result)
            query.rows = self.transformer.load_rows(0, result.ntuples, tuple)


@lru_cache(maxsize=4096)
def numbered(sql: str) -> bytes:
    """Return SQL with PostgreSQL's own placeholders ($1) in place of the driver's (%s)."""
    number = 0

    def replacement(match: re.Match[str]) -> str:
        nonlocal number
        if match[0] == "%%":
            return "%"
        number += 1
        return f"${number}"

    return re.sub("%[%s]", replacement, sql).encode()


_pipelines: WeakKeyDictionary[psycopg.Connection[Any], Pipeline] = WeakKeyDictionary()


def pipeline_of(connection: psycopg.Connection[Any], *, prepares: bool = True) -> Pipeline:
    """Return the pipeline of a connection, which lives as long as it does."""
    pipeline = _pipelines.get(connection)
    if pipeline is None:
        pipeline = _pipelines[connection] = Pipeline(connection, prepares=prepares)
    return pipeline
