"""The database engine: Django's PostgreSQL, plus the binding, the owner's connection and the embedded server."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base as postgresql
from django.db.backends.postgresql import operations
from django.db.backends.utils import debug_transaction
from django.db.transaction import TransactionManagementError
from psycopg.pq import Format, TransactionStatus

from loctelli.database.pipeline import Pipeline, pipeline_of
from loctelli.database.pool import Pool
from loctelli.database.queries import Query
from loctelli.database.raw_json import RawJSONLoader
from loctelli.database.schema_editor import SchemaEditor
from loctelli.database.urls import EMBEDDED_DATABASE

logger = logging.getLogger("loctelli.database")


class DatabaseOperations(operations.DatabaseOperations):
    """PostgreSQL's, which also knows what a prepared statement was."""

    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        return super().last_executed_query(cursor, sql, params) or sql


class DatabaseWrapper(postgresql.DatabaseWrapper):
    """A connection to Loctelli's database.

    `scope` is what the connection is bound to: None, a sub-account or the system; `after_scope` is what to call once
    that has ended. The isolation layer owns both.
    `opening` is what the next transaction begins with, BEGIN included, behind groups that have ended by then; empty for
    just BEGIN.
    `held_back` is what the transaction is yet to be told, along with whatever is asked next.
    `has_ended` says whether it was committed along with its last statement, before Django comes to that.
    `is_owner` says whether it is connected as the owner of the tables.
    """

    SchemaEditorClass = SchemaEditor
    ops_class = DatabaseOperations
    scope: Any = None
    opening: list[list[Query]]
    held_back: list[Query]
    has_ended = False
    is_owner = False
    _connection_pools: dict[str, Pool]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.after_scope: list[Callable[[], object]] = []
        self.opening = []
        self.held_back: list[Query] = []

    def get_connection_params(self) -> dict[str, Any]:
        # Asked with each request, and nothing looks at it where a pool connects.
        return {} if self.pool else self.address_params(make_sure=False)

    def address_params(self, *, make_sure: bool) -> dict[str, Any]:
        """Return what psycopg connects with; `make_sure` starts the embedded server when it does not run."""
        if self.settings_dict.get("EMBEDDED"):
            self._fill_in_embedded_address(make_sure=make_sure)
        return super().get_connection_params()

    @property
    def pool(self) -> Pool | None:
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            pool = Pool(kwargs=self._new_connection_params, open=False, configure=self._configure_for_pool, **options)
            # Threads may race to here; none of the pools is open yet, and the first one stays.
            self._connection_pools.setdefault(self.alias, pool)
        return self._connection_pools[self.alias]

    def _new_connection_params(self) -> dict[str, Any]:
        """Return what the pool opens each new connection with."""
        return {**self.address_params(make_sure=True), "autocommit": True}

    def _configure_for_pool(self, connection: psycopg.Connection) -> None:
        self._configure_connection(connection)

    def _configure_connection(self, connection: psycopg.Connection) -> bool:
        connection.add_notice_handler(_log_notice)
        connection.adapters.register_loader("jsonb", RawJSONLoader)
        return super()._configure_connection(connection)  # type: ignore[misc]

    def _set_autocommit(self, autocommit: bool) -> None:
        # A connection of the pool's has it already, and psycopg takes a while to find that out.
        if self.connection.autocommit != autocommit:
            super()._set_autocommit(autocommit)  # type: ignore[misc]

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

    @contextmanager
    def as_owner(self) -> Iterator["DatabaseWrapper"]:
        """Be connected as the owner of the tables, without a pool, for the time of a block; re-entrant.

        The connection and the pool are closed before and after, so nothing made for one role serves another.
        """
        if self.is_owner:
            yield self
            return
        if self.in_atomic_block:
            raise TransactionManagementError("as_owner() opens another connection: call it outside a transaction.")
        login = self.settings_dict
        owner = self._owner_settings()
        self._reconnect_with(owner)
        self.is_owner = True
        try:
            yield self
        finally:
            self.is_owner = False
            # Creating or destroying a test database renames the one to connect to.
            login["NAME"] = owner["NAME"]
            self._reconnect_with(login)

    def system_connection_params(self) -> dict[str, Any]:
        """Return what psycopg connects with to be the system role from the start, past any pooler.

        For the worker alone: it listens for notifications, which a pooler in transaction mode does not pass on.
        """
        params = self._new_connection_params()
        for django_only in ("cursor_factory", "context", "autocommit"):
            del params[django_only]
        if settings.DATABASE_OWNER:
            direct = settings.DATABASE_OWNER
            params |= {"host": direct["HOST"], "port": direct["PORT"]}
        return {**params, "options": f"-c role={settings.DATABASE_ROLES.system}"}

    def _reconnect_with(self, settings_dict: dict[str, Any]) -> None:
        self.close()
        self.close_pool()
        self.settings_dict = settings_dict

    def _owner_settings(self) -> dict[str, Any]:
        """Return the settings of a direct connection as the owner."""
        if self.settings_dict.get("EMBEDDED"):
            address = self._fill_in_embedded_address(make_sure=True)
            identity = {"USER": settings.DATABASE_ROLES.owner, "PASSWORD": address.owner_password, "EMBEDDED": False}
            options = self.settings_dict["OPTIONS"]
        else:
            identity = {key: settings.DATABASE_OWNER[key] for key in ("USER", "PASSWORD", "HOST", "PORT")}
            options = settings.DATABASE_OWNER["OPTIONS"]
        schema = self.settings_dict["SCHEMA"]
        return {
            **self.settings_dict,
            **identity,
            "DISABLE_SERVER_SIDE_CURSORS": False,
            "OPTIONS": {
                **{name: value for name, value in options.items() if name != "pool"},
                "options": f'-c search_path="{schema}"',
            },
        }

    def _fill_in_embedded_address(self, *, make_sure: bool) -> Any:
        """Put the embedded server's address into the settings, starting it when it does not run.

        `make_sure` looks whether it still runs, for a new connection; a request that takes one of the pool's does not.
        """
        # Imported here: a server of one's own needs neither the module nor the wheel.
        from loctelli.database.embedded import ServerFailed

        try:
            server = embedded_server()
            address = server.ensure() if make_sure else server.address()
        except ServerFailed as error:
            raise ImproperlyConfigured(str(error)) from error
        self.settings_dict.update(
            USER=settings.DATABASE_ROLES.login,
            PASSWORD=address.login_password,
            HOST=address.host,
            PORT=str(address.port),
        )
        return address


@cache
def embedded_server() -> Any:
    """Return the embedded server of this installation; there is one a process."""
    from loctelli.database.embedded import EmbeddedServer

    database = settings.DATABASES["default"]
    return EmbeddedServer(
        settings.EMBEDDED_POSTGRES_DIR,
        roles=settings.DATABASE_ROLES,
        database=EMBEDDED_DATABASE,
        schema=database["SCHEMA"],
    )


def _log_notice(notice: psycopg.errors.Diagnostic) -> None:
    """Log what the server says beside its answers: warnings as warnings, the rest for the curious."""
    level = logging.WARNING if notice.severity_nonlocalized == "WARNING" else logging.DEBUG
    logger.log(level, "%s: %s", notice.severity, notice.message_primary)
