"""Start over with an empty, migrated and seeded database."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from psycopg import sql


class Command(BaseCommand):
    help = (
        "Drop everything in the database's schema, then migrate and seed it anew, with the demo data. "
        "Development only; asks first."
    )
    # The tables that the checks would look at may be what is wrong.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--noinput", "--no-input", action="store_false", dest="interactive", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("reset destroys all data and runs in development only: see DJANGO_ENV.")
        name, schema = connection.settings_dict["NAME"], connection.settings_dict["SCHEMA"]
        if options["interactive"]:
            answer = input(f'All data in schema "{schema}" of database "{name}" will be lost. Type "yes" to go on: ')
            if answer != "yes":
                raise CommandError("Nothing was changed.")
        with connection.as_owner(), connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
        call_command("migrate", verbosity=options["verbosity"])
        call_command("seed", demo=True, generate_password=True)
        self.stdout.write(f'Database "{name}" is as new.')
