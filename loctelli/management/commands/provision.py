"""Create Loctelli's roles and database on a PostgreSQL server of one's own."""

import secrets
from argparse import ArgumentParser
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from loctelli import environment
from loctelli.database import provision, urls
from loctelli.database.roles import Roles


class Command(BaseCommand):
    help = (
        "Create, or correct, the four roles, the database and its schema on a PostgreSQL server from 15 on, from an "
        "administrator's address. Run it again at any time: what is right already stays. Passwords are generated for "
        "new roles, and kept when DATABASE_URL and DATABASE_OWNER_URL name them already. Prints both addresses; with "
        "--write-env, writes them to .env instead."
    )
    # The database it makes is the one that the checks would ask.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--admin-url", required=True, help="postgresql://admin:password@host:port/postgres?sslmode=…"
        )
        parser.add_argument("--database", default="loctelli", help="the database to create (default: loctelli)")
        parser.add_argument("--schema", default=urls.DEFAULT_SCHEMA, help="the schema of the tables (default: public)")
        parser.add_argument("--prefix", help="what the roles' names start with (default: DATABASE_ROLE_PREFIX)")
        parser.add_argument("--testing", action="store_true", help="let the owner create test databases")
        parser.add_argument("--write-env", action="store_true", help="write the addresses to .env")

    def handle(self, *args: Any, **options: Any) -> None:
        roles = Roles.from_prefix(options["prefix"]) if options["prefix"] else settings.DATABASE_ROLES
        if not urls.SCHEMA_NAME.fullmatch(options["schema"]):
            raise CommandError("--schema takes letters, digits and underscores, 63 at most.")
        administrator = urls.parse(options["admin_url"], name="--admin-url")
        passwords = {role: _known_password(role) or secrets.token_urlsafe(24) for role in (roles.owner, roles.login)}
        self._provision(administrator, roles, passwords, options)
        addresses = {
            "DATABASE_URL": _address(options, roles.login, passwords[roles.login]),
            "DATABASE_OWNER_URL": _address(options, roles.owner, passwords[roles.owner]),
        }
        if options["prefix"]:
            addresses["DATABASE_ROLE_PREFIX"] = options["prefix"]
        if options["write_env"]:
            environment.update(settings.BASE_DIR / ".env", addresses)
        else:
            for name, value in addresses.items():
                self.stdout.write(f"{name}={value}")
        self.stderr.write(
            f'Database "{options["database"]}" is ready{"; .env has its addresses" if options["write_env"] else ""}. '
            "Next: manage.py start"
        )

    def _provision(
        self, administrator: dict[str, Any], roles: Roles, passwords: dict[str, str], options: dict[str, Any]
    ) -> None:
        parameters = {name: value for name, value in administrator["OPTIONS"].items() if name != "pool"}
        try:
            with psycopg.connect(
                host=administrator["HOST"],
                port=administrator["PORT"],
                user=administrator["USER"],
                password=administrator["PASSWORD"],
                dbname=administrator["NAME"],
                autocommit=True,
                **parameters,
            ) as connection:
                provision.provision(
                    connection,
                    roles=roles,
                    database=options["database"],
                    schema=options["schema"],
                    owner_password=passwords[roles.owner],
                    login_password=passwords[roles.login],
                    may_create_databases=options["testing"] or not settings.PRODUCTION,
                )
        except provision.ProvisioningFailed as error:
            raise CommandError(str(error)) from error
        except psycopg.OperationalError as error:
            raise CommandError(f"The server of --admin-url can't be reached: {error}") from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise CommandError(
                f"{administrator['USER']} may not do this ({error.diag.message_primary}): give --admin-url a role with "
                "CREATEROLE and CREATEDB, or a superuser."
            ) from error


def _known_password(role: str) -> str | None:
    """Return the password that the present settings have for this role, if they name it."""
    known = [settings.DATABASES["default"], settings.DATABASE_OWNER or {}]
    return next((entry["PASSWORD"] for entry in known if entry.get("USER") == role), None)


def _address(options: dict[str, Any], role: str, password: str) -> str:
    """Return the role's address on the administrator's server, with its SSL parameters."""
    parts = urlsplit(options["admin_url"])
    query = [(key, value) for key, value in parse_qsl(parts.query) if key != "schema"]
    place = parts.netloc.rpartition("@")[2]
    return (
        f"postgresql://{quote(role, safe='')}:{quote(password, safe='')}@{place}/{quote(options['database'], safe='')}"
        f"?{urlencode([('schema', options['schema']), *query])}"
    )
