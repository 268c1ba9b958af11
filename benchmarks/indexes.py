"""Which indexes of the tables that grow are read by what."""

import time
from dataclasses import dataclass, field
from typing import Any

GROWING = (
    "leads", "bookings", "contact_submissions", "form_submissions", "conversation_messages", "audit_entries",
    "security_incidents",
)  # fmt: skip
SCANS = """
    SELECT s.indexrelname, s.relname, s.idx_scan, pg_relation_size(s.indexrelid), i.indisunique
    FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid)
    WHERE s.schemaname = current_schema() AND s.relname = ANY(%s)
"""
# A process of PostgreSQL's tells what it did when it ends.
WORKING = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


@dataclass
class Index:
    """One index, and what has been read through it."""

    name: str
    table: str
    size: int
    is_unique: bool
    calls: list[str] = field(default_factory=list)


class Indexes:
    """The indexes of a database that nobody else uses meanwhile."""

    def __init__(self) -> None:
        self.found: dict[str, Index] = {}
        self.scanned = {name: scans for name, _, scans, *_ in self._scans()}

    def note(self, call: str) -> None:
        """Note what was read since it was asked last as read by a call."""
        for name, table, scans, size, is_unique in self._scans():
            index = self.found.setdefault(name, Index(name, table, size, is_unique))
            if scans > self.scanned.get(name, 0):
                index.calls.append(call)
            self.scanned[name] = scans

    def _scans(self) -> list[tuple[Any, ...]]:
        from django.db import connection

        # Which closes the application's connections.
        with connection.as_owner(), connection.cursor() as cursor:  # type: ignore[attr-defined]
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:
                cursor.execute(WORKING)
                if cursor.fetchone()[0] == 0:
                    break
                time.sleep(0.01)
            cursor.execute(SCANS, [list(GROWING)])
            return cursor.fetchall()
