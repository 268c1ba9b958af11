"""How a connection sends its statements: several in one round trip, with a transaction's beginning and its end."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import psycopg
from django.db import DatabaseError
from django.db.backends.postgresql import base as postgresql
from django.db.backends.utils import debug_transaction
from django.db.transaction import TransactionManagementError
from psycopg.pq import Format, TransactionStatus

from loctelli.database.pipeline import Pipeline, pipeline_of
from loctelli.database.queries import Query


class SendingWrapper(postgresql.DatabaseWrapper):
    """A connection whose statements travel together.

    `scope` is what the connection is bound to: None, a sub-account or the system; `after_scope` is what to call once
    that has ended. The isolation layer owns both.
    `opening` is what the next transaction begins with, BEGIN included, behind groups that have ended by then; empty for
    just BEGIN.
    `held_back` is what the transaction is yet to be told, along with whatever is asked next.
    `has_ended` says whether it was committed along with its last statement, before Django comes to that.
    """

    scope: Any = None
    opening: list[list[Query]]
    held_back: list[Query]
    has_ended = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.after_scope: list[Callable[[], object]] = []
        self.opening = []
        self.held_back: list[Query] = []

    def _start_transaction_under_autocommit(self) -> None:
        """Begin a transaction, with whatever is to be said first, in one round trip: Django's hook to do it by hand.

        The driver would send BEGIN by itself, in a round trip of its own before the first statement.
        """
        opening, self.opening = self.opening or [[Query("BEGIN")]], []
        try:
            self.send(*opening)
        except DatabaseError:
            self.connection.rollback()
            raise

    @property
    def is_watched(self) -> bool:
        """Whether somebody logs or wraps statements, who is to see each of them under Django's own cursor."""
        return bool(self.queries_logged or self.execute_wrappers)

    def _pipeline_of(self, connection: psycopg.Connection[Any]) -> Pipeline:
        return pipeline_of(connection, prepares=self.settings_dict.get("PREPARES", True))

    def send(self, *groups: Sequence[Query]) -> None:
        """Run statements in one round trip, and give each its rows; the first that fails is the last of its group.

        Outside a transaction each group is one of its own, and what it sets locally holds to its end.
        """
        self._refuse_outside_transaction()
        self.ensure_connection()
        self.validate_thread_sharing()
        if self.held_back:
            first, *others = groups
            groups, self.held_back = ([*self.held_back, *first], *others), []
        if self.is_watched:
            for query in chain.from_iterable(groups):
                self._run_watched(query)
        else:
            with self.wrap_database_errors:
                self._pipeline_of(self.connection).run(groups)

    def send_apart(self, *groups: Sequence[Query]) -> None:
        """Run groups of statements that are transactions of their own, as `send` does, holding no connection after.

        One of the pool's is lent for just that round trip.
        """
        pool = self.pool
        if pool is None or self.connection is not None or self.is_watched:
            self.send(*groups)
            return
        with self.wrap_database_errors:
            if pool.closed:
                pool.open()
            connection = pool.getconn()
            try:
                self._pipeline_of(connection).run(groups)
            finally:
                pool.putconn(connection)

    def send_along(self, query: Query) -> None:
        """Run a statement whose rows nobody waits for along with the next one, or with the transaction's end."""
        if not self.in_atomic_block or self.is_watched:
            self.send([query])
            return
        self._refuse_outside_transaction()
        self.held_back.append(query)

    @property
    def can_end(self) -> bool:
        """Whether a last statement can bring the end of the transaction along: nothing stands around it, or inside."""
        return len(self.atomic_blocks) == 1 and not self.needs_rollback and not self.is_watched

    def send_last(self, query: Query) -> None:
        """Run a statement and COMMIT in one round trip, if `can_end`; nothing else can be asked in the transaction.

        When either fails it raises, and nothing is committed.
        """
        self._refuse_outside_transaction()
        self.validate_thread_sharing()
        told, self.held_back, self.has_ended = self.held_back, [], True
        with self.wrap_database_errors:
            self._pipeline_of(self.connection).run([[*told, query, Query("COMMIT")]])

    def _commit(self) -> None:
        self.has_ended = False
        if self.connection is None:
            return
        told, self.held_back = self.held_back, []
        with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
            if self.connection.info.transaction_status != TransactionStatus.IDLE:
                self._pipeline_of(self.connection).run([[*told, Query("COMMIT")]])

    def _rollback(self) -> None:
        self.held_back, self.has_ended = [], False
        super()._rollback()  # type: ignore[misc]

    def _savepoint_rollback(self, sid: str) -> None:
        # What was held back when the savepoint was made was told then.
        self.held_back = []
        super()._savepoint_rollback(sid)  # type: ignore[misc]

    def _close(self) -> None:
        self.held_back, self.has_ended = [], False
        super()._close()  # type: ignore[misc]

    def _refuse_outside_transaction(self) -> None:
        """Refuse what a scope asks when there is no transaction that PostgreSQL was told of it in."""
        if self.has_ended or (self.scope is not None and not self.in_atomic_block):
            raise TransactionManagementError("This scope has had its last statement: nothing else can be asked in it.")

    def _run_watched(self, query: Query) -> None:
        cursor = psycopg.Cursor(self.connection)
        cursor.format = Format.BINARY
        self._prepare_cursor(cursor).execute(query.sql, query.parameters or None)  # type: ignore[attr-defined]
        query.rows = cursor.fetchall() if cursor.description else []

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a cursor; a named one, which the server keeps, ends with the transaction it is opened in."""
        self._refuse_outside_transaction()
        if self.held_back:
            self.send([])
        cursor = super().create_cursor(name)
        if name is not None:
            # Django goes by the driver's autocommit, which stays on; psycopg has no other way to say it afterwards.
            cursor._withhold = self.autocommit
        return cursor

    def fetch(self, sql: str, parameters: Sequence[Any]) -> list[tuple]:
        """Return a statement's rows: PostgreSQL puts the parameters in, keeps the plan, and sends values in binary."""
        query = Query(sql, parameters)
        self.send([query])
        return query.rows
