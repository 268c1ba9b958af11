"""Privileges: tenants hold what their tables' kinds allow and nothing else; PUBLIC and the login role hold nothing."""

from typing import Any

from django.conf import settings

from tenants.grants import TenantPrivileges, tenant_privileges

# Read from the catalogue: information_schema shows a role its own privileges only, and columns elsewhere.
RELATIONS = """
    SELECT c.relname, NULL, coalesce(r.rolname, 'PUBLIC'), acl.privilege_type, acl.is_grantable
    FROM pg_class c CROSS JOIN aclexplode(c.relacl) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
    WHERE c.relkind <> 'S' AND c.relnamespace = current_schema()::regnamespace
      AND (acl.grantee = 0 OR r.rolname = ANY(%(roles)s))
  UNION ALL
    SELECT c.relname, a.attname, coalesce(r.rolname, 'PUBLIC'), acl.privilege_type, acl.is_grantable
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid CROSS JOIN aclexplode(a.attacl) acl
    LEFT JOIN pg_roles r ON r.oid = acl.grantee
    WHERE c.relnamespace = current_schema()::regnamespace AND (acl.grantee = 0 OR r.rolname = ANY(%(roles)s))
    ORDER BY 1, 2 NULLS FIRST, 3, 4
"""
SEQUENCES = """
    SELECT c.relname, coalesce(owner.relname, ''), coalesce(r.rolname, 'PUBLIC'), acl.privilege_type
    FROM pg_class c CROSS JOIN aclexplode(c.relacl) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    LEFT JOIN pg_class owner ON owner.oid = d.refobjid
    WHERE c.relkind = 'S' AND c.relnamespace = current_schema()::regnamespace
      AND (acl.grantee = 0 OR r.rolname = ANY(%(roles)s))
    ORDER BY 1, 3, 4
"""
# What tables and sequences yet to be made would grant.
DEFAULTS = """
    SELECT pg_get_userbyid(d.defaclrole), CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
           ELSE 'schemas' END, coalesce(r.rolname, 'PUBLIC'), acl.privilege_type
    FROM pg_default_acl d CROSS JOIN aclexplode(d.defaclacl) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
    WHERE d.defaclobjtype IN ('r', 'S', 'n') AND d.defaclnamespace IN (0, current_schema()::regnamespace)
      AND (acl.grantee = 0 OR r.rolname = ANY(%(roles)s))
    ORDER BY 1, 2, 3, 4
"""
# Whoever may create a table or function can put one in another's place. That a superuser may goes without saying.
CREATION = """
    SELECT rolname, has_schema_privilege(oid, current_schema(), 'CREATE'),
           has_database_privilege(oid, current_database(), 'CREATE'),
           has_database_privilege(oid, current_database(), 'TEMPORARY')
    FROM pg_roles WHERE (rolname = ANY(%(roles)s) OR rolname = %(system)s) AND NOT rolsuper
    ORDER BY 1
"""
WHERE_CREATED = ("in the schema", "schemas", "temporary tables")
# What runs with its owner's rights and can be called by a tenant, in whichever schema.
DEFINERS = """
    SELECT p.proname, pg_get_userbyid(p.proowner),
           coalesce((SELECT split_part(setting, '=', 2) FROM unnest(p.proconfig) AS setting
                     WHERE setting LIKE 'search_path=%%'), '')
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND EXISTS (SELECT FROM pg_roles r WHERE r.rolname = ANY(%(roles)s)
                  AND has_schema_privilege(r.oid, n.oid, 'USAGE') AND has_function_privilege(r.oid, p.oid, 'EXECUTE'))
    ORDER BY 1
"""
# Each such function and why a tenant may call it.
KNOWN_DEFINERS = {
    "procrastinate_defer_jobs_v1": "defers jobs without a right to their table",
    "search_contact_submissions": "looks into an index that row security closes, for the bound sub-account alone",
    "search_form_submissions": "looks into an index that row security closes, for the bound sub-account alone",
    "search_leads": "looks into an index that row security closes, for the bound sub-account alone",
    "session_is_alive": "tells whether a session goes on without a right to its tokens",
    "throttle_hit": "counts without a right to the counters",
    "worker_last_heartbeat": "tells when a worker last reported, for /readyz",
}
# PostgreSQL may call these before it has applied a policy; only a superuser can make one.
LEAKPROOF = """
    SELECT proname FROM pg_proc WHERE proleakproof AND pronamespace = current_schema()::regnamespace ORDER BY 1
"""


def find_breaches(cursor: Any) -> list[str]:
    roles = settings.DATABASE_ROLES
    names = {"roles": [roles.tenant, roles.login], "system": roles.system}
    return [
        *_relations(cursor, names),
        *_sequences(cursor, names),
        *_defaults(cursor, names),
        *_creation(cursor, names),
        *_functions(cursor, names),
    ]


def _relations(cursor: Any, names: dict) -> list[str]:
    tenant, allowed, breaches = settings.DATABASE_ROLES.tenant, tenant_privileges(), []
    cursor.execute(RELATIONS, names)
    for table, column, grantee, privilege, grantable in cursor.fetchall():
        granted = allowed.get(table, TenantPrivileges())
        covered = privilege in granted.table or column in granted.columns.get(privilege, ())
        where = f"{table} ({column})" if column else table
        if grantee != tenant or not covered:
            breaches.append(f"{grantee} holds {privilege} on {where}.")
        elif grantable:
            breaches.append(f"{grantee} may grant {privilege} on {where} to others.")
    return breaches


def _sequences(cursor: Any, names: dict) -> list[str]:
    tenant, allowed = settings.DATABASE_ROLES.tenant, tenant_privileges()
    cursor.execute(SEQUENCES, names)
    return [
        f"{grantee} holds {privilege} on the sequence {sequence}."
        for sequence, table, grantee, privilege in cursor.fetchall()
        if (grantee, privilege) != (tenant, "USAGE") or "INSERT" not in allowed.get(table, TenantPrivileges()).table
    ]


def _defaults(cursor: Any, names: dict) -> list[str]:
    cursor.execute(DEFAULTS, names)
    return [
        f"{grantee} would hold {privilege} on {things} that {maker} makes."
        for maker, things, grantee, privilege in cursor.fetchall()
    ]


def _creation(cursor: Any, names: dict) -> list[str]:
    cursor.execute(CREATION, names)
    return [
        f"Role {name} may create {what}."
        for name, *rights in cursor.fetchall()
        for right, what in zip(rights, WHERE_CREATED, strict=True)
        if right
    ]


def _functions(cursor: Any, names: dict) -> list[str]:
    owner, breaches = settings.DATABASE_ROLES.owner, []
    cursor.execute(DEFINERS, names)
    for name, maker, search_path in cursor.fetchall():
        if name not in KNOWN_DEFINERS:
            breaches.append(f"Tenants may call {name}, which is SECURITY DEFINER.")
        if maker != owner:
            breaches.append(f"Function {name} is SECURITY DEFINER and owned by {maker} instead of {owner}.")
        # Unless it is named last, a session's temporary tables come first.
        if not search_path.endswith("pg_temp"):
            breaches.append(f"Function {name} is SECURITY DEFINER without a fixed search_path that ends with pg_temp.")
    cursor.execute(LEAKPROOF)
    return breaches + [f"Function {name} is leakproof." for (name,) in cursor.fetchall()]
