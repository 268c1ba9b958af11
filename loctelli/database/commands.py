"""What management commands that change or read the schema have in common: they run as the owner of the tables."""

from typing import Any, cast

from django.core.management.base import BaseCommand
from django.db import connection

from loctelli.database.base import DatabaseWrapper


class OwnerCommand(BaseCommand):
    """A command whose every statement, system checks included, the owner of the tables executes."""

    def execute(self, *args: Any, **options: Any) -> Any:
        with cast(DatabaseWrapper, connection).as_owner():
            return super().execute(*args, **options)
