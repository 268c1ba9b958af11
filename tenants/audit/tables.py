"""Wall 2: row security on every table with tenants' rows, its policies word for word, and no way around it."""

import re
from typing import Any

from django.conf import settings

from tenants.walls import declared_row_security

TABLES = """
    SELECT c.relname, c.relkind = 'f', c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner),
           coalesce((SELECT CASE WHEN a.attnotnull THEN 'required' ELSE 'optional' END FROM pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attname = 'sub_account_id' AND NOT a.attisdropped), 'missing')
    FROM pg_class c
    WHERE c.relkind IN ('r', 'p', 'f') AND c.relnamespace = current_schema()::regnamespace
    ORDER BY c.relname
"""
# A role that isn't in pg_roles is PUBLIC.
POLICIES = """
    SELECT c.relname, p.polname, p.polcmd::text, p.polpermissive,
           ARRAY(SELECT coalesce(r.rolname::text, 'PUBLIC') FROM unnest(p.polroles) AS role (oid)
                 LEFT JOIN pg_roles r ON r.oid = role.oid),
           coalesce(pg_get_expr(p.polqual, p.polrelid), ''), pg_get_expr(p.polwithcheck, p.polrelid)
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    WHERE c.relnamespace = current_schema()::regnamespace
    ORDER BY c.relname, p.polname
"""
COMMANDS = {"*": "", "r": "FOR SELECT ", "a": "FOR INSERT ", "w": "FOR UPDATE ", "d": "FOR DELETE "}
# Views of our tables, and of views of them, wherever they are. security_invoker is written true, on, yes or 1.
VIEWS = """
    WITH RECURSIVE seen (oid) AS (
        SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace
      UNION
        SELECT rule.ev_class FROM seen
        JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = seen.oid
        JOIN pg_rewrite rule ON d.classid = 'pg_rewrite'::regclass AND d.objid = rule.oid)
    SELECT DISTINCT c.oid::regclass::text, c.relkind::text
    FROM pg_class c JOIN seen ON seen.oid = c.oid
    WHERE c.relkind = 'm' OR c.relkind = 'v' AND NOT EXISTS (
        SELECT FROM unnest(c.reloptions) AS option
        WHERE option LIKE 'security_invoker=%%' AND split_part(option, '=', 2)::boolean)
    ORDER BY 1
"""
# A rule rewrites what a tenant asks for, and what it adds runs with the rights of the table's owner.
RULES = """
    SELECT c.relname, r.rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace ORDER BY 1, 2
"""


def find_breaches(cursor: Any) -> list[str]:
    return [*_tables(cursor), *_policies(cursor), *_views(cursor), *_rules(cursor)]


def _tables(cursor: Any) -> list[str]:
    roles, declared, breaches = settings.DATABASE_ROLES, declared_row_security(), []
    cursor.execute(TABLES)
    for table, foreign, enabled, forced, owner, sub_account in cursor.fetchall():
        if owner != roles.owner:
            breaches.append(f"Table {table} is owned by {owner} instead of {roles.owner}.")
        if sub_account == "missing" and table not in declared:
            continue
        if table not in declared:
            breaches.append(f"Table {table} has sub_account_id but no model declares its row security.")
        elif sub_account == "optional" and declared[table].requires_sub_account:
            breaches.append(f"Column sub_account_id of {table} may be null.")
        if foreign:
            breaches.append(f"Table {table} is a foreign one, which can't have row security.")
            continue
        if not enabled:
            breaches.append(f"Row security is off on {table}.")
        if not forced:
            breaches.append(f"Row security is not forced on {table}.")
    return breaches


def _policies(cursor: Any) -> list[str]:
    cursor.execute(POLICIES)
    found = {(table, name): rule for table, name, *rule in cursor.fetchall()}
    expected = {
        (table, name): rule
        for table, constraint in declared_row_security().items()
        for name, rule in constraint.policies.items()
    }
    breaches = [f"Policy {name} is missing on {table}." for table, name in sorted(expected.keys() - found.keys())]
    breaches += [f"Policy {name} on {table} is none of ours." for table, name in sorted(found.keys() - expected.keys())]
    for table, name in sorted(found.keys() & expected.keys()):
        command, permissive, roles, using, check = found[table, name]
        rule = f"{COMMANDS[command]}TO {', '.join(roles)}"
        rule += f" USING ({using})" if using else ""
        rule += "" if check is None else f" WITH CHECK ({check})"
        rule = rule if permissive else f"AS RESTRICTIVE {rule}"
        if _plain(rule) != _plain(expected[table, name]):
            breaches.append(f"Policy {name} on {table} is {rule!r} instead of {expected[table, name]!r}.")
    return breaches


def _plain(rule: str) -> str:
    """Return a rule without what PostgreSQL adds when it prints an expression: brackets, and the types of literals."""
    return re.sub(r"('[^']*')::text|[()]", r"\1", rule).replace("NULLIF", "nullif")


def _views(cursor: Any) -> list[str]:
    cursor.execute(VIEWS, [])
    return [
        f"Materialised view {name} bypasses row security." if kind == "m" else f"View {name} lacks security_invoker."
        for name, kind in cursor.fetchall()
    ]


def _rules(cursor: Any) -> list[str]:
    cursor.execute(RULES)
    return [f"Table {table} has the rule {name}." for table, name in cursor.fetchall()]
