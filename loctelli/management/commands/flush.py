"""Empty every table as the owner; the application's roles may not truncate."""

from typing import Any

from django.core.management.commands import flush
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

from loctelli.database.commands import OwnerCommand


class Command(OwnerCommand, flush.Command):
    """Django's `flush`, and the tables that no model of ours manages: jobs and throttles tell of rows that are gone."""

    def handle(self, **options: Any) -> None:
        super().handle(**options)
        ours = {*connection.introspection.django_table_names(), MigrationRecorder.Migration._meta.db_table}
        others = sorted(set(connection.introspection.table_names()) - ours)
        if others:
            names = sql.SQL(", ").join(map(sql.Identifier, others))
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(names))
