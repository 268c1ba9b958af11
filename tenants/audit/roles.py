"""The roles: what each one is, which others it may become, and what its sessions start with."""

from typing import Any

from django.conf import settings

ATTRIBUTES = """
    SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = ANY(%s)
"""
WHAT_NONE_IS = ("is a superuser", "has BYPASSRLS", "has CREATEROLE", "has REPLICATION")
# 'member' is what a role may become, 'usage' what it inherits without having to. A superuser may become anybody.
MEMBERSHIPS = """
    SELECT member.rolname, other.rolname, pg_has_role(member.oid, other.oid, 'usage')
    FROM pg_roles member, pg_roles other
    WHERE member.rolname = ANY(%s) AND member.oid <> other.oid AND NOT member.rolsuper
      AND pg_has_role(member.oid, other.oid, 'member')
    ORDER BY 1, 2
"""
# What a session of the login role starts with in this database, whoever set it and for whom.
SETTINGS = """
    SELECT setting FROM pg_db_role_setting s, unnest(s.setconfig) AS setting
    WHERE s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = %s))
      AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
# Each would bind a session before the application does, or switch foreign keys off.
NEVER_PRESET = ("app.sub_account_id", "session_replication_role")


def find_missing(cursor: Any) -> list[str]:
    """Return the roles that aren't there."""
    names = _names()
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [names])
    found = {name for (name,) in cursor.fetchall()}
    return [f"Role {name} is missing: run manage.py provision." for name in names if name not in found]


def find_stranger(cursor: Any) -> list[str]:
    """Say so when this connection is somebody else's than the login role's, or the owner's."""
    roles = settings.DATABASE_ROLES
    cursor.execute("SELECT session_user::text")
    (name,) = cursor.fetchone()
    if name in (roles.login, roles.owner):
        return []
    return [f"The application connects as {name} instead of {roles.login}."]


def find_breaches(cursor: Any) -> list[str]:
    return [*_attributes(cursor), *_memberships(cursor), *_settings(cursor)]


def _names() -> list[str]:
    roles = settings.DATABASE_ROLES
    return [roles.owner, roles.login, roles.tenant, roles.system]


def _attributes(cursor: Any) -> list[str]:
    cursor.execute(ATTRIBUTES, [_names()])
    return [
        f"Role {name} {sentence}."
        for name, *flags in sorted(cursor.fetchall())
        for flag, sentence in zip(flags, WHAT_NONE_IS, strict=True)
        if flag
    ]


def _memberships(cursor: Any) -> list[str]:
    roles = settings.DATABASE_ROLES
    may_become = {
        # Who owns a database is a member of pg_database_owner there.
        roles.owner: {roles.system, "pg_database_owner"},
        roles.login: {roles.tenant, roles.system},
    }
    cursor.execute(MEMBERSHIPS, [_names()])
    breaches = []
    for member, other, inherits in cursor.fetchall():
        if other not in may_become.get(member, set()):
            breaches.append(f"Role {member} may become {other}.")
        elif inherits and member == roles.login:
            breaches.append(f"Role {member} inherits {other}.")
    return breaches


def _settings(cursor: Any) -> list[str]:
    roles = settings.DATABASE_ROLES
    cursor.execute(SETTINGS, [roles.login])
    presets = [setting.partition("=")[::2] for (setting,) in cursor.fetchall()]
    first_roles = {value for name, value in presets if name.lower() == "role"}
    breaches = [
        f"Sessions of {roles.login} start as {role} instead of {roles.tenant}."
        for role in sorted(first_roles - {roles.tenant})
    ]
    if not first_roles:
        breaches.append(f"Sessions of {roles.login} don't start as {roles.tenant}: run manage.py provision.")
    return breaches + [
        f"Sessions of {roles.login} start with {name} = {value}."
        for name, value in presets
        if name.lower() in NEVER_PRESET
    ]
