"""Advisory locks of PostgreSQL, for work that only one process may do at a time."""

import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from loctelli.database.base import DatabaseWrapper

NAMESPACE = "loctelli"
POLL_SECONDS = 0.2


@contextmanager
def session_lock(connection: BaseDatabaseWrapper, name: str) -> Iterator[None]:
    """Hold the lock of this name for a block, waiting for it; the session's end releases it, however it comes.

    A session's lock outlives transactions, so it needs a connection of its own: the owner's, which no pooler shares.
    """
    key = _key(name)
    # Asked for again and again, not waited for in one statement: its snapshot would hold up another process's
    # CREATE INDEX CONCURRENTLY, which that process makes while it has the lock.
    while not _ask(connection, "SELECT pg_try_advisory_lock(%s, %s)", key):
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        # A connection that is gone has released the lock itself.
        if connection.connection is not None and not connection.connection.closed:
            _ask(connection, "SELECT pg_advisory_unlock(%s, %s)", key)


@contextmanager
def owner_lock(name: str) -> Iterator[None]:
    """Hold the lock of this name on a connection made for it, so that the block's own connection is free to be any."""
    lock_holder = cast(DatabaseWrapper, connections[DEFAULT_DB_ALIAS].copy(alias="lock"))
    with lock_holder.as_owner(), session_lock(lock_holder, name):
        yield


def lock_until_commit(connection: BaseDatabaseWrapper, name: str) -> None:
    """Wait for the lock of this name and hold it until the transaction ends; works through any pooler."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _key(name))


def _key(name: str) -> tuple[int, int]:
    return zlib.crc32(NAMESPACE.encode()) - 2**31, zlib.crc32(name.encode()) - 2**31


def _ask(connection: BaseDatabaseWrapper, question: str, parameters: tuple[int, int]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question, parameters)
        return cursor.fetchone()[0]
