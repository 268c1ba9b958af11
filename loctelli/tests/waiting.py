"""Races made to happen: one transaction goes on when another one waits for what it holds."""

import time

from django.db import connection


def until_somebody_waits(seconds: float = 60) -> None:
    """Wait until another session waits for a lock that this one's transaction holds."""
    deadline = time.monotonic() + seconds
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
            assert time.monotonic() < deadline, f"nobody waited within {seconds} s"
            time.sleep(0.02)
