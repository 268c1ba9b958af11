"""System checks of the database's address, for `manage.py check --database default`."""

from collections.abc import Sequence
from typing import Any, cast

from django.core.checks import CheckMessage, Error
from django.db import connections

from loctelli.database.base import DatabaseWrapper


def check_schema(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Say so when the application's role looks for its tables elsewhere than the address says."""
    problems: list[CheckMessage] = []
    for alias in databases or ():
        connection = cast(DatabaseWrapper, connections[alias])
        if connection.is_owner:
            # A migration makes the schema; the owner's connection names it itself.
            continue
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_schema()")
            current = cursor.fetchone()[0]
        wanted = connection.settings_dict["SCHEMA"]
        if current != wanted:
            problems.append(
                Error(
                    f'DATABASE_URL names the schema "{wanted}", but the role\'s search_path leads to "{current}".',
                    hint=f"Run `manage.py provision --schema {wanted}`, then `manage.py migrate`.",
                    id="loctelli.E001",
                )
            )
    return problems
