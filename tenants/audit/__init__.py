"""Proves from PostgreSQL's catalogue that the walls stand."""

from typing import Any

from django.db import connection

from tenants.audit import privileges, recording, references, roles, searching, tables


def find_breaches(cursor: Any = None, *, grants: bool = True) -> list[str]:
    """Return a sentence for every way in which the database's walls differ from the declared ones; [] when they stand.

    Looks through the application's connection, and at whose it is, unless it gets the cursor of another one, whose
    search_path has to begin with our schema. `grants` says whether privileges are looked at, too.
    """
    if cursor is not None:
        return _catalogue_breaches(cursor, grants)
    with connection.cursor() as own:
        return [*roles.find_stranger(own), *_catalogue_breaches(own, grants)]


def _catalogue_breaches(cursor: Any, grants: bool) -> list[str]:
    missing = roles.find_missing(cursor)
    if missing:
        # Nothing can be asked about a role that isn't there.
        return missing
    return [
        *roles.find_breaches(cursor),
        *tables.find_breaches(cursor),
        *references.find_breaches(cursor),
        *(privileges.find_breaches(cursor) if grants else []),
        *recording.find_breaches(cursor, grants=grants),
        *(searching.find_breaches(cursor) if grants else []),
    ]
