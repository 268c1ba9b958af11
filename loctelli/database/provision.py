"""The roles and the database that isolation stands on, made from an administrator's connection; idempotent."""

from typing import LiteralString

import psycopg
from psycopg import sql

from loctelli.database import schemas
from loctelli.database.roles import Roles

# Raised when what provisioning does changes, so that an embedded server made earlier is provisioned anew.
VERSION = 2
OLDEST_SERVER = 150000

# What every session of the application's login role starts with. Kept on the role, not sent by the client, because a
# pooler in transaction mode hands one server connection to many clients.
LOGIN_SETTINGS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "TimeZone": "UTC",
    # Disks without moving parts. At the default of 4 the planner pages a large sub-account's list through the primary
    # key, past everybody else's newer rows: 200 ms at a million leads instead of 0.1.
    "random_page_cost": "1.1",
}
OWNER_SETTINGS = {"TimeZone": "UTC"}


class ProvisioningFailed(RuntimeError):
    """The server can't carry Loctelli; the message says why and what to do."""


def provision(
    administrator: psycopg.Connection,
    *,
    roles: Roles,
    database: str,
    schema: str,
    owner_password: str | None,
    login_password: str | None,
    may_create_databases: bool = False,
) -> None:
    """Create or correct the four roles, the database and its schema. A password of None leaves a role's own in place.

    `administrator` is an autocommit connection of a role that may create roles and databases.
    `may_create_databases` is for development and tests: the owner then creates test databases.
    """
    if administrator.info.server_version < OLDEST_SERVER:
        raise ProvisioningFailed("Loctelli needs PostgreSQL 15 or later.")
    _Roles(administrator, roles).apply(owner_password, login_password, schema, may_create_databases)
    with _Ownership(administrator, roles.owner):
        _create_database(administrator, database, roles)
        with psycopg.connect(administrator.info.dsn, password=administrator.info.password, dbname=database) as inside:
            if inside.info.parameter_status("server_encoding") != "UTF8":
                raise ProvisioningFailed(f'Database "{database}" is not encoded in UTF8: create one that is.')
            schemas.prepare(inside, schema=schema, roles=roles)


class _Roles:
    """The four roles' attributes, memberships and settings."""

    def __init__(self, connection: psycopg.Connection, roles: Roles) -> None:
        self.connection = connection
        self.roles = roles

    def apply(
        self, owner_password: str | None, login_password: str | None, schema: str, create_databases: bool
    ) -> None:
        roles = self.roles
        self._role(roles.owner, "LOGIN INHERIT " + ("CREATEDB" if create_databases else "NOCREATEDB"))
        self._role(roles.login, "LOGIN NOINHERIT NOCREATEDB")
        for name in (roles.tenant, roles.system):
            self._role(name, "NOLOGIN NOINHERIT NOCREATEDB")
        for name, password in ((roles.owner, owner_password), (roles.login, login_password)):
            if password is not None:
                self._password(name, password)
        self._forbid(member=roles.login, of=roles.owner)
        for name in (roles.tenant, roles.system):
            self._grant(name, to=roles.login, inherit=False)
            self._forbid(member=name, of=roles.owner)
        self._forbid(member=roles.tenant, of=roles.system)
        # Data migrations: row policies name the system role, and the owner is subject to them too.
        self._grant(roles.system, to=roles.owner, inherit=True)
        self._settings(roles.login, {"role": roles.tenant, "search_path": schema, **LOGIN_SETTINGS})
        self._settings(roles.owner, {"search_path": schema, **OWNER_SETTINGS})

    def _role(self, name: str, attributes: LiteralString) -> None:
        found = self.connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = %s", [name]
        ).fetchone()
        verb = sql.SQL("CREATE ROLE" if found is None else "ALTER ROLE")
        self.connection.execute(sql.SQL("{} {} {}").format(verb, sql.Identifier(name), sql.SQL(attributes)))
        if found and any(found):
            # Only a superuser may take these away; say it only where there is something to take.
            self.connection.execute(
                sql.SQL("ALTER ROLE {} NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION").format(sql.Identifier(name))
            )

    def _password(self, name: str, password: str) -> None:
        # Hashed here, so that the password stands in no log of the server's.
        scrambled = self.connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
        self.connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), sql.Literal(scrambled.decode()))
        )

    def _grant(self, role: str, *, to: str, inherit: bool) -> None:
        options = ""
        if self.connection.info.server_version >= 160000:
            # Before 16 the member's own INHERIT or NOINHERIT decides.
            options = " WITH INHERIT TRUE, SET TRUE" if inherit else " WITH INHERIT FALSE, SET TRUE"
        self.connection.execute(sql.SQL("GRANT {} TO {}" + options).format(sql.Identifier(role), sql.Identifier(to)))

    def _forbid(self, *, member: str, of: str) -> None:
        if _is_direct_member(self.connection, member, of):
            self.connection.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(of), sql.Identifier(member)))

    def _settings(self, role: str, settings: dict[str, str]) -> None:
        for name, value in settings.items():
            self.connection.execute(
                sql.SQL("ALTER ROLE {} SET {} = {}").format(
                    sql.Identifier(role),
                    sql.Identifier(name),
                    sql.Identifier(value) if name == "search_path" else sql.Literal(value),
                )
            )


class _Ownership:
    """While inside, an administrator who is no superuser may give things to the owner role: it is a member of it."""

    def __init__(self, connection: psycopg.Connection, owner: str) -> None:
        self.connection = connection
        self.owner = owner
        self.granted = False

    def __enter__(self) -> None:
        row = self.connection.execute(
            "SELECT rolsuper OR rolname = %s FROM pg_roles WHERE rolname = current_user", [self.owner]
        ).fetchone()
        if row != (True,):
            self.connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(self.owner)))
            self.granted = True

    def __exit__(self, *error: object) -> None:
        if self.granted:
            self.connection.execute(sql.SQL("REVOKE {} FROM CURRENT_USER").format(sql.Identifier(self.owner)))


def _is_direct_member(connection: psycopg.Connection, member: str, role: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM pg_auth_members WHERE member = %s::regrole AND roleid = %s::regrole",
        [sql.Identifier(member).as_string(connection), sql.Identifier(role).as_string(connection)],
    ).fetchone()
    return found is not None


def _create_database(connection: psycopg.Connection, database: str, roles: Roles) -> None:
    exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
    statement = "ALTER DATABASE {} OWNER TO {}" if exists else "CREATE DATABASE {} OWNER {} ENCODING 'UTF8'"
    connection.execute(sql.SQL(statement).format(sql.Identifier(database), sql.Identifier(roles.owner)))
    connection.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), sql.Identifier(roles.login))
    )
