"""Apply migrations as the owner of the tables, one process at a time."""

from typing import Any

from django.conf import settings
from django.core.management.commands import migrate
from django.db import connection

from loctelli.database import locks, schemas
from loctelli.database.commands import OwnerCommand


class Command(OwnerCommand, migrate.Command):
    """Django's `migrate` under an advisory lock, so that any number of replicas may start at once."""

    def handle(self, *args: Any, **options: Any) -> None:
        with locks.session_lock(connection, "migrate"):
            with connection.cursor() as cursor:
                schemas.prepare(cursor, schema=connection.settings_dict["SCHEMA"], roles=settings.DATABASE_ROLES)
            super().handle(*args, **options)
