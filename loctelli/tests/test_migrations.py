"""Our migrations, backwards to zero and forwards again, on a database of their own."""

import os
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import quote, urlencode, urlsplit

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql

# From the top layer down, as they are taken away.
OUR_APPS = ("offboarding", "integrations", "forms", "crm", "agents", "accounts", "security", "tenants")

CATALOGUE = {
    "column": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
               a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE c.relkind = 'r' AND c.relnamespace = quote_ident(%(schema)s)::regnamespace
    """,
    "constraint": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = quote_ident(%(schema)s)::regnamespace
    """,
    "index": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = %(schema)s",
    "policy": """
        SELECT tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies WHERE schemaname = %(schema)s
    """,
    "row security": """
        SELECT relname, relrowsecurity, relforcerowsecurity, relpersistence::text
        FROM pg_class WHERE relkind = 'r' AND relnamespace = quote_ident(%(schema)s)::regnamespace
    """,
    "grant": """
        SELECT c.relname, coalesce(a.attname, ''), g.privilege_type, g.grantee::regrole::text
        FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL,
             aclexplode(coalesce(a.attacl, c.relacl)) g
        WHERE c.relnamespace = quote_ident(%(schema)s)::regnamespace
    """,
    "function": """
        SELECT p.proname, pg_get_functiondef(p.oid), p.proacl::text
        FROM pg_proc p WHERE p.pronamespace = quote_ident(%(schema)s)::regnamespace AND p.prokind = 'f'
    """,
    "sequence": "SELECT sequencename, start_value FROM pg_sequences WHERE schemaname = %(schema)s",
}


class Scratch:
    """An empty database beside the test database."""

    def __init__(self, owner, login, schema):
        self.owner, self.login, self.schema = owner, login, schema

    def manage(self, *arguments):
        """Run manage.py on this database, as a person would."""
        ran = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": self.login, "DATABASE_OWNER_URL": self.owner},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def query(self, statement):
        with psycopg.connect(urlsplit(self.owner)._replace(query="").geturl()) as owner:
            return owner.execute(statement, {"schema": self.schema}).fetchall()

    def catalogue(self):
        """Return all that migrations made, as a set of facts that two states can be compared by."""
        return {(kind, *fact) for kind, statement in CATALOGUE.items() for fact in self.query(statement)}

    def applied(self):
        """Return which of our apps have applied migrations."""
        names = {app for (app,) in self.query(f'SELECT DISTINCT app FROM "{self.schema}".django_migrations')}
        return [app for app in OUR_APPS if app in names]


@contextmanager
def scratch_database(name):
    """Create an empty database that the owner and the application's login reach, and drop it afterwards."""
    database, schema = sql.Identifier(name), connection.settings_dict["SCHEMA"]
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database)
    with connection.as_owner(), connection.cursor() as cursor:
        owner = address(name)
        cursor.execute(drop)
        cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(database))
    connection.ensure_connection()
    try:
        yield Scratch(owner, address(name), schema)
    finally:
        with connection.as_owner(), connection.cursor() as cursor:
            cursor.execute(drop)


def address(database):
    """Return the address, in the document's format, of another database where this connection goes."""
    current = connection.settings_dict
    library = {name: current["OPTIONS"][name] for name in ("sslmode", "sslrootcert") if name in current["OPTIONS"]}
    identity = f"{quote(current['USER'], safe='')}:{quote(current['PASSWORD'], safe='')}"
    query = urlencode({"schema": current["SCHEMA"], **library})
    return f"postgresql://{identity}@{current['HOST']}:{current['PORT']}/{database}?{query}"


@pytest.fixture
def scratch(django_db_setup, django_db_blocker):
    with (
        django_db_blocker.unblock(),
        scratch_database(f"{connection.settings_dict['NAME']}_migrations") as database,
    ):
        yield database


def test_our_migrations_go_back_to_zero_and_forward_again(scratch):
    scratch.manage("migrate", "--verbosity=0")
    assert scratch.applied() == list(OUR_APPS)
    complete = scratch.catalogue()

    for app in OUR_APPS:
        if app in scratch.applied():
            scratch.manage("migrate", app, "zero", "--verbosity=0")

    assert scratch.applied() == []
    assert sorted(leftovers(scratch)) == []

    scratch.manage("migrate", "--verbosity=0")

    assert sorted(map(str, scratch.catalogue() ^ complete)) == []


def leftovers(scratch):
    """Return the tables and functions there are beside other packages' and what each `migrate` makes for their jobs."""
    statement = """
        SELECT relname FROM pg_class
        WHERE relkind IN ('r', 'v', 'm') AND relnamespace = quote_ident(%(schema)s)::regnamespace
        UNION SELECT proname FROM pg_proc WHERE pronamespace = quote_ident(%(schema)s)::regnamespace
    """
    others = ("django_", "auth_group", "auth_permission", "procrastinate_", "worker_last_heartbeat")
    return {name for (name,) in scratch.query(statement) if not name.startswith(others)}


def test_a_migration_can_be_applied_twice_without_a_difference(scratch):
    scratch.manage("migrate", "--verbosity=0")
    once = scratch.catalogue()

    scratch.manage("migrate", "--verbosity=0")

    assert sorted(map(str, scratch.catalogue() ^ once)) == []


def test_the_models_need_no_further_migration(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)
