"""Races made to happen: one transaction goes on when another one waits for what it holds."""

import time

from django.db import connection


def until_somebody_waits(sessions: int = 1, seconds: float = 60) -> None:
    """Wait until so many other sessions wait for a lock that this one's transaction holds, or behind one that does."""
    deadline = time.monotonic() + seconds
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "WITH RECURSIVE queue (pid) AS (SELECT pg_backend_pid() UNION SELECT pg_locks.pid FROM pg_locks, queue "
                "WHERE NOT granted AND queue.pid = ANY(pg_blocking_pids(pg_locks.pid))) SELECT count(*) - 1 FROM queue"
            )
            if cursor.fetchone()[0] >= sessions:
                return
            assert time.monotonic() < deadline, f"nobody waited within {seconds} s"
            time.sleep(0.02)
