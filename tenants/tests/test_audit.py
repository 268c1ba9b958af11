"""`check_isolation` names the culprit, whichever wall is breached and however. What is breached here is restored."""

import json
import os
from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection

from tenants.audit import find_breaches, roles
from tenants.tests.breaches import BREACHES, LOGIN, OWN_ROWS, SYSTEM, TENANT


@pytest.fixture
def administrator(django_db_setup) -> Iterator[psycopg.Cursor]:
    """A superuser's cursor in the test database. Roles are the whole cluster's: nothing it does is ever committed."""
    address = {"dbname": connection.settings_dict["NAME"]}
    if not settings.DATABASE_URL:
        credentials = json.loads((settings.EMBEDDED_POSTGRES_DIR / "credentials.json").read_text())
        address |= {key: connection.address_params(make_sure=False)[key] for key in ("host", "port")}
        address |= {"user": "postgres", "password": credentials["administrator"]}
    elif "TEST_ADMIN_URL" not in os.environ:
        pytest.skip("TEST_ADMIN_URL is not set: only a superuser can breach roles.")
    schema = connection.settings_dict["SCHEMA"]
    with psycopg.connect(
        os.environ.get("TEST_ADMIN_URL", "") if settings.DATABASE_URL else "",
        **address,
        options=f"-c search_path={schema} -c lock_timeout=20s",
    ) as superuser:
        yield superuser.cursor()
        superuser.rollback()


@pytest.mark.parametrize(("statements", "breaches"), BREACHES.values(), ids=BREACHES)
def test_each_breach_is_found_and_nothing_else_with_it(administrator, statements, breaches):
    database, schema = connection.settings_dict["NAME"], connection.settings_dict["SCHEMA"]
    name = administrator.connection.info.user

    administrator.execute(statements.replace("{database}", f'"{database}"').replace("{schema}", f'"{schema}"'))

    assert find_breaches(administrator) == [breach.replace("{administrator}", name) for breach in breaches]


def test_a_login_role_that_inherits_the_system_role_is_found(administrator):
    if administrator.connection.info.server_version >= 160000:
        administrator.execute(f"GRANT {SYSTEM} TO {LOGIN} WITH INHERIT TRUE")
        inherited = [SYSTEM]
    else:  # where the member's own attribute decides for all of its memberships
        administrator.execute(f"ALTER ROLE {LOGIN} INHERIT")
        inherited = [SYSTEM, TENANT]

    assert find_breaches(administrator) == [f"Role {LOGIN} inherits {name}." for name in inherited]


def test_walls_as_migrated_have_no_breach_whoever_looks(administrator):
    assert find_breaches(administrator) == []


@pytest.mark.django_db
def test_an_untouched_database_passes_the_command_and_the_check(capsys):
    call_command("check_isolation")

    assert capsys.readouterr().out == "All walls stand.\n"
    assert run_checks(databases=["default"]) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("breach", "repair", "sentence"),
    [
        (
            "DROP POLICY tenant ON leads",
            f"CREATE POLICY tenant ON leads TO {TENANT} USING ({OWN_ROWS})",
            "Policy tenant is missing on leads.",
        ),
        (
            "CREATE VIEW all_leads AS SELECT * FROM leads",
            "DROP VIEW all_leads",
            "View all_leads lacks security_invoker.",
        ),
        (
            "ALTER TABLE bookings ADD CONSTRAINT loose FOREIGN KEY (lead_id) REFERENCES leads (id)",
            "ALTER TABLE bookings DROP CONSTRAINT loose",
            "Foreign key loose of bookings points at leads without the sub-account beside it.",
        ),
    ],
)
def test_the_command_fails_and_names_the_culprit_and_so_does_the_check(breach, repair, sentence):
    execute_as_owner(breach)
    try:
        with pytest.raises(CommandError) as failure:
            call_command("check_isolation")
        errors = [(error.id, error.msg) for error in run_checks(databases=["default"])]
    finally:
        execute_as_owner(repair)

    assert str(failure.value) == sentence
    assert errors == [("tenants.E003", sentence)]
    assert find_breaches() == []


def test_a_connection_of_somebody_elses_is_found(administrator):
    name = administrator.connection.info.user

    assert roles.find_stranger(administrator) == [f"The application connects as {name} instead of {LOGIN}."]


@pytest.mark.django_db(transaction=True)
def test_migrate_gives_every_grant_anew_instead_of_stopping_at_a_wrong_one():
    execute_as_owner(f"GRANT SELECT ON admin_users TO {TENANT}; GRANT UPDATE (is_active) ON subaccounts TO {TENANT}")
    found = find_breaches()

    call_command("migrate", verbosity=0)

    assert found == [
        f"{TENANT} holds SELECT on admin_users.",
        f"{TENANT} holds UPDATE on subaccounts (is_active).",
    ]
    assert find_breaches() == []


def execute_as_owner(statements: str) -> None:
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute(statements)
