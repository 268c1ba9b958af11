"""The schema that Loctelli's tables live in, and who may do what in it."""

from typing import Any

from psycopg import sql

from loctelli.database.roles import Roles


def prepare(cursor: Any, *, schema: str, roles: Roles) -> None:
    """Create the schema when it is missing, and let nobody but the owner create anything in this database.

    `cursor` is anything that executes psycopg's SQL, as an administrator or as the owner of the database.
    """
    names = {
        "schema": sql.Identifier(schema),
        "owner": sql.Identifier(roles.owner),
        "tenant": sql.Identifier(roles.tenant),
        "system": sql.Identifier(roles.system),
    }
    # Not CREATE SCHEMA IF NOT EXISTS alone: that asks for the right to create one even when there is nothing to do.
    exists = cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema]).fetchone()
    if not exists:
        cursor.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}").format(**names))
    owner = cursor.execute(
        "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = %s", [schema]
    ).fetchone()[0]
    if owner not in (roles.owner, "pg_database_owner"):
        cursor.execute(sql.SQL("ALTER SCHEMA {schema} OWNER TO {owner}").format(**names))
    for statement in (
        "REVOKE ALL ON SCHEMA {schema} FROM PUBLIC",
        "REVOKE ALL ON SCHEMA {schema} FROM {tenant}, {system}",
        "GRANT USAGE ON SCHEMA {schema} TO {tenant}, {system}",
    ):
        cursor.execute(sql.SQL(statement).format(**names))
    # A temporary table hides the real one of its name.
    database = cursor.execute("SELECT current_database()").fetchone()[0]
    cursor.execute(sql.SQL("REVOKE CREATE, TEMPORARY ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
