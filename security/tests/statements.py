"""Which statements recording takes."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect what is executed meanwhile, in the words each statement begins with."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    found += [" ".join(query["sql"].split()[:3]).replace('"', "") for query in captured]
