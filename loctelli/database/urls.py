"""Database addresses: `postgresql://user:password@host:port/database?schema=public`, as the document writes them."""

import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

ENGINE = "loctelli.database"
EMBEDDED_DATABASE = "loctelli"
DEFAULT_SCHEMA = "public"
SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")

# Parameters that go to the PostgreSQL client library as they are.
LIBRARY_PARAMETERS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "application_name")
NUMBER_PARAMETERS = ("connect_timeout", "connection_limit", "pool_timeout")
PARAMETERS = ("schema", "pgbouncer", *LIBRARY_PARAMETERS, *NUMBER_PARAMETERS)

CONNECT_TIMEOUT = 5
POOL_TIMEOUT = 5
POOL_SIZE = 10


def parse(url: str, *, name: str = "DATABASE_URL") -> dict[str, Any]:
    """Return the DATABASES entry of an address; what is wrong with the address stops the start with one sentence.

    `schema` is kept under the key SCHEMA: the roles' search_path, set by `manage.py provision`, puts it into effect.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a valid address: {error}.") from error
    if parts.scheme not in ("postgresql", "postgres"):
        raise ImproperlyConfigured(
            f"{name} must start with postgresql:// (postgresql://user:password@host:port/database?schema=public)."
        )
    database = unquote(parts.path.removeprefix("/"))
    if not (parts.username and host and database) or "/" in database:
        raise ImproperlyConfigured(
            f"{name} must name user, host and database: postgresql://user:password@host:port/database?schema=public."
        )
    query = _parameters(parts.query, name)
    return {
        "ENGINE": ENGINE,
        "NAME": database,
        "USER": unquote(parts.username),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(host),
        "PORT": str(port or 5432),
        "SCHEMA": query.get("schema", DEFAULT_SCHEMA),
        **_connection_settings(query),
    }


def embedded() -> dict[str, Any]:
    """Return the DATABASES entry of the embedded server, whose address is filled in when it has started."""
    return {
        "ENGINE": ENGINE,
        "NAME": EMBEDDED_DATABASE,
        "USER": "",
        "PASSWORD": "",
        "HOST": "",
        "PORT": "",
        "SCHEMA": DEFAULT_SCHEMA,
        "EMBEDDED": True,
        **_connection_settings({}),
    }


def _parameters(query: str, name: str) -> dict[str, str]:
    """Return the address's parameters, each known, well formed and given once."""
    parameters: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in PARAMETERS:
            raise ImproperlyConfigured(f'{name} has an unknown parameter "{key}"; known are {", ".join(PARAMETERS)}.')
        if key in parameters:
            raise ImproperlyConfigured(f'{name} gives the parameter "{key}" twice.')
        if key in NUMBER_PARAMETERS and not re.fullmatch(r"[1-9][0-9]{0,5}", value):
            raise ImproperlyConfigured(f'{name} has {key}="{value}": set it to a whole number from 1.')
        if key == "pgbouncer" and value not in ("true", "false"):
            raise ImproperlyConfigured(f'{name} has pgbouncer="{value}": set it to true or false.')
        if key == "schema" and not SCHEMA_NAME.fullmatch(value):
            raise ImproperlyConfigured(
                f'{name} has schema="{value}": set it to lower-case letters, digits and underscores, 63 at most.'
            )
        parameters[key] = value
    return parameters


def _connection_settings(query: dict[str, str]) -> dict[str, Any]:
    """Return what a connection and its pool are made with."""
    return {
        "CONN_MAX_AGE": 0,
        # A pooler in transaction mode may give each statement outside a transaction another server connection.
        "DISABLE_SERVER_SIDE_CURSORS": query.get("pgbouncer") == "true",
        # A plan is kept by a connection of PostgreSQL's, and a pooler hands out ever another one.
        "PREPARES": query.get("pgbouncer") != "true",
        "OPTIONS": {
            # `loctelli.database.pipeline` prepares; psycopg would drop all that is prepared at any rollback.
            "prepare_threshold": None,
            "connect_timeout": int(query.get("connect_timeout", CONNECT_TIMEOUT)),
            **{key: query[key] for key in LIBRARY_PARAMETERS if key in query},
            "pool": {
                "min_size": 1,
                "max_size": int(query.get("connection_limit", POOL_SIZE)),
                "timeout": float(query.get("pool_timeout", POOL_TIMEOUT)),
                # Give up soon on a server that is down: the next request then tries afresh, while a longer timeout
                # would let the pool's own retries back off for minutes after the server is up again.
                "reconnect_timeout": 2.0,
            },
        },
    }
