"""Who may do what with the background jobs' tables, which the library's migrations make without asking.

A tenant defers jobs through the library's function alone, which runs with the owner's rights, and has no right to the
tables: jobs of all sub-accounts stand in them. The system role, which the worker logs in with, works them off.
"""

from typing import Any

from psycopg import sql

from loctelli.database.roles import Roles

TABLES = ("procrastinate_jobs", "procrastinate_events", "procrastinate_periodic_defers", "procrastinate_workers")

HEARTBEAT = """
CREATE OR REPLACE FUNCTION {schema}.worker_last_heartbeat() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp
AS 'SELECT max(last_heartbeat) FROM procrastinate_workers'
"""


def apply(cursor: Any, roles: Roles, schema: str) -> None:
    """Set the grants anew, as the owner. A migration of the library may have made tables or functions since.

    Does nothing where the tables are missing: before they are made, and after a backward migration.
    """
    present = _names(cursor, "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace", schema)
    if not present.issuperset(TABLES):
        return
    names = {
        "schema": sql.Identifier(schema),
        "tenant": sql.Identifier(roles.tenant),
        "system": sql.Identifier(roles.system),
    }
    cursor.execute(sql.SQL(HEARTBEAT).format(**names))
    for table in TABLES:
        table_names = {**names, "table": sql.Identifier(schema, table)}
        for statement in (
            "REVOKE ALL ON {table} FROM PUBLIC, {tenant}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {system}",
            "GRANT USAGE, SELECT ON SEQUENCE {sequence} TO {system}",
        ):
            sequence = sql.Identifier(schema, f"{table}_id_seq")
            cursor.execute(sql.SQL(statement).format(**table_names, sequence=sequence))
    for function in sorted(_names(cursor, FUNCTIONS, schema)):
        for statement in _function_statements(function):
            cursor.execute(sql.SQL(statement).format(**names, function=sql.SQL(function)))


# "name(types)" of each, as regprocedure writes it under the owner's search_path.
FUNCTIONS = """
SELECT oid::regprocedure::text FROM pg_proc
WHERE pronamespace = %s::regnamespace AND (proname LIKE 'procrastinate\\_%%' OR proname = 'worker_last_heartbeat')
"""


def _function_statements(function: str) -> list[str]:
    """Return what a function needs: a fixed search_path, and EXECUTE for those who have business with it."""
    revoke = "REVOKE ALL ON FUNCTION {function} FROM PUBLIC, {tenant}"
    grant_system = "GRANT EXECUTE ON FUNCTION {function} TO {system}"
    grant_tenant = "GRANT EXECUTE ON FUNCTION {function} TO {tenant}"
    fix_path = "ALTER FUNCTION {function} SET search_path = {schema}, pg_temp"
    if "worker_last_heartbeat(" in function:
        return [revoke, grant_system, grant_tenant]
    if "procrastinate_defer_jobs_" in function:
        return [revoke, grant_system, grant_tenant, fix_path, "ALTER FUNCTION {function} SECURITY DEFINER"]
    return [revoke, grant_system, fix_path]


def _names(cursor: Any, query: str, schema: str) -> set[str]:
    cursor.execute(query, [sql.Identifier(schema).as_string()])
    return {name for (name,) in cursor.fetchall()}
