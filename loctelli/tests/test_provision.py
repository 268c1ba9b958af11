"""Provisioning, on a server of the test's own."""

import secrets

import psycopg
import pytest
from psycopg import sql

from loctelli.database import provision
from loctelli.database.keeper import ADMINISTRATOR
from loctelli.database.roles import Roles
from loctelli.tests.processes import DatabaseServer, Installation

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = DatabaseServer(tmp_path_factory.mktemp("provision") / "postgres")
    yield server
    server.close()


def connect(server, user, password, database="postgres"):
    return psycopg.connect(
        host="127.0.0.1", port=server.address.port, user=user, password=password, dbname=database, autocommit=True
    )


@pytest.fixture
def administrator(server):
    with connect(server, ADMINISTRATOR, server.administrator_password()) as connection:
        yield connection


@pytest.fixture
def manager(server, administrator):
    """An administrator as hosted databases give one: no superuser, but may create roles and databases."""
    name, password = f"manager_{secrets.token_hex(4)}", secrets.token_hex(8)
    administrator.execute(
        sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}").format(
            sql.Identifier(name), sql.Literal(password)
        )
    )
    with connect(server, name, password) as connection:
        yield connection


def provisioned(connection, **changes):
    prefix = f"p{secrets.token_hex(4)}"
    options = {
        "roles": Roles.from_prefix(prefix),
        "database": f"{prefix}_data",
        "schema": "public",
        "owner_password": "owner password",
        "login_password": "login password",
        **changes,
    }
    provision.provision(connection, **options)
    return options


@pytest.mark.parametrize("who", ["administrator", "manager"])
@pytest.mark.parametrize("times", [1, 2])
def test_roles_have_exactly_the_rights_they_need(request, administrator, who, times):
    connection = request.getfixturevalue(who)
    options = provisioned(connection)
    for _ in range(times - 1):
        provision.provision(connection, **options)
    roles = options["roles"]

    attributes = administrator.execute(
        "SELECT rolname, rolcanlogin, rolinherit, rolcreatedb, "
        "rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication "
        "FROM pg_roles WHERE rolname LIKE %s",
        [f"{roles.owner.removesuffix('_owner')}\\_%"],
    ).fetchall()
    memberships = administrator.execute(
        "SELECT member::regrole::text, roleid::regrole::text, inherit_option, set_option, admin_option "
        "FROM pg_auth_members WHERE member::regrole::text = ANY(%s)",
        [[roles.owner, roles.login, roles.tenant, roles.system]],
    ).fetchall()

    assert set(attributes) == {
        (roles.owner, True, True, False, False),
        (roles.login, True, False, False, False),
        (roles.tenant, False, False, False, False),
        (roles.system, False, False, False, False),
    }
    assert set(memberships) == {
        (roles.login, roles.tenant, False, True, False),
        (roles.login, roles.system, False, True, False),
        (roles.owner, roles.system, True, True, False),
    }


def test_a_role_that_was_given_too_much_is_cut_back(administrator):
    options = provisioned(administrator)
    roles = options["roles"]
    for statement in (
        "ALTER ROLE {login} SUPERUSER BYPASSRLS",
        "GRANT {owner} TO {login}",
        "GRANT {system} TO {tenant}",
    ):
        administrator.execute(
            sql.SQL(statement).format(
                **{name: sql.Identifier(getattr(roles, name)) for name in ("owner", "login", "tenant", "system")}
            )
        )

    provision.provision(administrator, **options)

    super_or_bypass = administrator.execute(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", [roles.login]
    ).fetchone()
    reach = administrator.execute(
        "SELECT pg_has_role(%s, %s, 'MEMBER'), pg_has_role(%s, %s, 'MEMBER')",
        [roles.login, roles.owner, roles.tenant, roles.system],
    ).fetchone()
    assert super_or_bypass == (False,)
    assert reach == (False, False)


def test_the_login_finds_its_schema_and_creates_nothing_in_it(server, administrator):
    options = provisioned(administrator, schema="Crm_1")

    with connect(server, options["roles"].login, "login password", options["database"]) as session:
        state = session.execute(
            "SELECT current_schema(), current_user, current_setting('statement_timeout')"
        ).fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("CREATE TABLE mine (id int)")

    assert state == ("Crm_1", options["roles"].tenant, "30s")


def test_the_system_role_is_asked_for_and_never_inherited(server, administrator):
    options = provisioned(administrator)
    with connect(server, options["roles"].owner, "owner password", options["database"]) as owner:
        owner.execute("CREATE TABLE secret AS SELECT 1 AS one")
        owner.execute(sql.SQL("GRANT SELECT ON secret TO {}").format(sql.Identifier(options["roles"].system)))

    with connect(server, options["roles"].login, "login password", options["database"]) as session:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("SELECT one FROM public.secret")
        session.execute("SET ROLE NONE")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("SELECT one FROM public.secret")
        session.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(options["roles"].system)))
        assert session.execute("SELECT one FROM public.secret").fetchone() == (1,)


def test_the_owner_creates_databases_only_where_tests_need_it(administrator):
    options = provisioned(administrator, may_create_databases=True)
    row = "SELECT rolcreatedb FROM pg_roles WHERE rolname = %s"
    assert administrator.execute(row, [options["roles"].owner]).fetchone() == (True,)

    provision.provision(administrator, **{**options, "may_create_databases": False})

    assert administrator.execute(row, [options["roles"].owner]).fetchone() == (False,)


def test_an_old_password_stays_when_none_is_given(server, administrator):
    options = provisioned(administrator)

    provision.provision(administrator, **{**options, "owner_password": None, "login_password": None})

    with connect(server, options["roles"].login, "login password", options["database"]) as session:
        assert session.execute("SELECT 1").fetchone() == (1,)


def test_the_command_prints_addresses_that_migrate_and_serve(server, tmp_path):
    admin_url = f"postgresql://postgres:{server.administrator_password()}@127.0.0.1:{server.address.port}/postgres"
    installation = Installation(tmp_path)
    arguments = ("provision", "--admin-url", admin_url, "--database", "own data", "--schema", "crm", "--prefix", "own")

    printed = installation.succeed(*arguments)
    addresses = dict(line.split("=", 1) for line in printed.splitlines() if line.startswith("DATABASE_"))
    mine = Installation(tmp_path / "mine", **addresses)
    mine.succeed("migrate", "--verbosity", "0")
    mine.succeed("check", "--database", "default")
    again = mine.succeed(*arguments)

    assert set(addresses) == {"DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_ROLE_PREFIX"}
    assert addresses["DATABASE_URL"].endswith("/own%20data?schema=crm")
    assert addresses["DATABASE_URL"] in again


def test_the_command_explains_an_unreachable_server(tmp_path):
    installation = Installation(tmp_path)

    process = installation.manage("provision", "--admin-url", "postgresql://admin:x@127.0.0.1:1/postgres")

    assert process.wait(60) != 0
    assert "can't be reached" in installation.output(process)
