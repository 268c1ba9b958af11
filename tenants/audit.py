"""Proves from PostgreSQL's catalogue that the walls stand."""

from django.conf import settings
from django.db import connection

from tenants.grants import tenant_privileges
from tenants.walls import declared_row_security

ROLES = """
    SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = ANY(%s)
"""
# "usage" is what a role inherits; "member" what it may become.
MEMBERSHIPS = """
    SELECT pg_has_role(%(login)s, %(system)s, 'usage'), pg_has_role(%(tenant)s, %(system)s, 'member'),
           pg_has_role(%(login)s, %(owner)s, 'member'), pg_has_role(%(tenant)s, %(owner)s, 'member'),
           pg_has_role(%(system)s, %(owner)s, 'member')
"""
TABLES = """
    SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner),
           EXISTS (SELECT FROM pg_attribute a
                   WHERE a.attrelid = c.oid AND a.attname = 'sub_account_id' AND NOT a.attisdropped)
    FROM pg_class c
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
    ORDER BY c.relname
"""
POLICIES = """
    SELECT c.relname, p.polname, p.polcmd::text, p.polpermissive,
           ARRAY(SELECT rolname::text FROM pg_roles WHERE oid = ANY(p.polroles)),
           pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    WHERE c.relnamespace = current_schema()::regnamespace
"""
UNPAIRED_REFERENCES = """
    SELECT source.relname, k.conname, target.relname
    FROM pg_constraint k JOIN pg_class source ON source.oid = k.conrelid JOIN pg_class target ON target.oid = k.confrelid
    WHERE k.contype = 'f' AND source.relnamespace = current_schema()::regnamespace
      AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = source.oid AND a.attname = 'sub_account_id')
      AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = target.oid AND a.attname = 'sub_account_id')
      AND NOT EXISTS (
        SELECT FROM unnest(k.conkey, k.confkey) AS pair (here, there)
        JOIN pg_attribute h ON h.attrelid = source.oid AND h.attnum = pair.here
        JOIN pg_attribute t ON t.attrelid = target.oid AND t.attnum = pair.there
        WHERE (h.attname, t.attname) IN (('sub_account_id', 'sub_account_id'), ('form_owner_id', 'owner_id')))
    ORDER BY 1, 2
"""
VIEWS = """
    SELECT c.relname, c.relkind FROM pg_class c
    WHERE c.relkind IN ('v', 'm') AND c.relnamespace = current_schema()::regnamespace
      AND (c.relkind = 'm' OR NOT coalesce('security_invoker=true' = ANY(c.reloptions), false))
"""
GRANTS = """
    SELECT table_name, privilege_type FROM information_schema.role_table_grants
    WHERE table_schema = current_schema() AND grantee IN (%s, %s, 'PUBLIC')
"""
# What may run with its owner's rights: each such function is listed here with its reason.
DEFINERS = """
    SELECT p.proname FROM pg_proc p
    WHERE p.prosecdef AND p.pronamespace = current_schema()::regnamespace
      AND NOT coalesce(EXISTS (SELECT FROM unnest(p.proconfig) AS setting WHERE setting LIKE 'search_path=%%'), false)
"""


def find_breaches() -> list[str]:
    """Return a sentence for every way in which the database's walls differ from the declared ones; [] when they stand."""
    with connection.cursor() as cursor:
        return [*_roles(cursor), *_tables(cursor), *_policies(cursor), *_references(cursor), *_views(cursor), *_grants(cursor)]


def _roles(cursor) -> list[str]:
    roles = settings.DATABASE_ROLES
    cursor.execute("SELECT session_user, current_setting('is_superuser')")
    session_user, is_superuser = cursor.fetchone()
    names = [roles.owner, roles.login, roles.tenant, roles.system]
    cursor.execute(ROLES, [[*names, session_user]])
    found = {name: flags for name, *flags in cursor.fetchall()}
    breaches = [f"Role {name} is missing: run manage.py provision." for name in names if name not in found]
    if breaches:
        return breaches
    for name, (superuser, bypass, createrole) in found.items():
        if superuser:
            breaches.append(f"Role {name} is a superuser.")
        if bypass:
            breaches.append(f"Role {name} has BYPASSRLS.")
        if createrole:
            breaches.append(f"Role {name} has CREATEROLE.")
    cursor.execute(
        MEMBERSHIPS, {"login": roles.login, "system": roles.system, "owner": roles.owner, "tenant": roles.tenant}
    )
    inherits, tenant_system, login_owner, tenant_owner, system_owner = cursor.fetchone()
    if inherits:
        breaches.append(f"Role {roles.login} inherits {roles.system}.")
    if tenant_system:
        breaches.append(f"Role {roles.tenant} may become {roles.system}.")
    for member, name in ((login_owner, roles.login), (tenant_owner, roles.tenant), (system_owner, roles.system)):
        if member:
            breaches.append(f"Role {name} may become {roles.owner}.")
    return breaches


def _tables(cursor) -> list[str]:
    roles, declared, breaches = settings.DATABASE_ROLES, declared_row_security(), []
    cursor.execute(TABLES)
    for table, enabled, forced, owner, of_tenants in cursor.fetchall():
        if owner != roles.owner:
            breaches.append(f"Table {table} is owned by {owner} instead of {roles.owner}.")
        if of_tenants or table in declared:
            if not enabled:
                breaches.append(f"Row security is off on {table}.")
            if not forced:
                breaches.append(f"Row security is not forced on {table}.")
        if of_tenants and table not in declared:
            breaches.append(f"Table {table} has sub_account_id but no model declares its row security.")
    return breaches


def _policies(cursor) -> list[str]:
    breaches, found = [], {}
    cursor.execute(POLICIES)
    for table, name, *rule in cursor.fetchall():
        found[table, name] = rule
    expected = {
        (table, name): rule
        for table, constraint in declared_row_security().items()
        for name, rule in constraint.policies.items()
    }
    breaches += [f"Policy {name} is missing on {table}." for table, name in sorted(expected.keys() - found.keys())]
    breaches += [f"Policy {name} on {table} is none of ours." for table, name in sorted(found.keys() - expected.keys())]
    commands = {"*": "", "r": "FOR SELECT "}
    for (table, name), (command, permissive, roles, using, check) in found.items():
        if (table, name) not in expected:
            continue
        rule = f"{commands.get(command, command)}TO {', '.join(roles)} USING {_plain(using)}"
        if _plain(rule) != _plain(expected[table, name]) or check is not None or not permissive:
            breaches.append(f"Policy {name} on {table} is {rule!r} instead of {expected[table, name]!r}.")
    return breaches


def _plain(expression: str) -> str:
    """Return an expression without what PostgreSQL adds when it prints one back: brackets and casts of literals."""
    return expression.replace("::text", "").replace("(", "").replace(")", "").lower()


def _references(cursor) -> list[str]:
    cursor.execute(UNPAIRED_REFERENCES)
    return [
        f"Foreign key {name} of {source} points at {target} without the sub-account beside it."
        for source, name, target in cursor.fetchall()
    ]


def _views(cursor) -> list[str]:
    cursor.execute(VIEWS)
    return [
        f"Materialised view {name} bypasses row security." if kind == "m" else f"View {name} lacks security_invoker."
        for name, kind in cursor.fetchall()
    ]


def _grants(cursor) -> list[str]:
    roles, allowed, breaches = settings.DATABASE_ROLES, tenant_privileges(), []
    cursor.execute(GRANTS, [roles.tenant, roles.login])
    for table, privilege in sorted(cursor.fetchall()):
        if privilege not in allowed.get(table, "").split(" (")[0].replace(",", "").split():
            breaches.append(f"Tenants hold {privilege} on {table}.")
    cursor.execute(DEFINERS)
    breaches += [f"Function {name} is SECURITY DEFINER without a fixed search_path." for (name,) in cursor.fetchall()]
    return breaches
