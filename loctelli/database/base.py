"""The database engine: Django's PostgreSQL, plus the binding, the owner's connection and the embedded server."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import operations
from django.db.transaction import TransactionManagementError

from loctelli.database.pool import Pool
from loctelli.database.raw_json import RawJSONLoader
from loctelli.database.schema_editor import SchemaEditor
from loctelli.database.sending import SendingWrapper
from loctelli.database.urls import EMBEDDED_DATABASE

logger = logging.getLogger("loctelli.database")


class DatabaseOperations(operations.DatabaseOperations):
    """PostgreSQL's, which also knows what a prepared statement was."""

    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        return super().last_executed_query(cursor, sql, params) or sql


class DatabaseWrapper(SendingWrapper):
    """A connection to Loctelli's database.

    `is_owner` says whether it is connected as the owner of the tables.
    """

    SchemaEditorClass = SchemaEditor
    ops_class = DatabaseOperations
    is_owner = False
    _connection_pools: dict[str, Pool]

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
