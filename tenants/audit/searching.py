"""Search: what looks past row security for a tenant looks for the bound sub-account's rows alone, word for word."""

from typing import Any

from django.apps import apps
from django.conf import settings

from tenants.search.sql import BOUND_BODY

# What each is, and whether it was granted to tenants or to everybody.
FUNCTIONS = """
    SELECT p.proname, p.prosrc, p.prosecdef,
           EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
                   LEFT JOIN pg_roles r ON r.oid = acl.grantee WHERE acl.grantee = 0 OR r.rolname = %s)
    FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace AND p.proname = ANY(%s)
"""


def find_breaches(cursor: Any) -> list[str]:
    bound = [f"search_{model._meta.db_table}" for model in apps.get_models() if hasattr(model, "search_text")]
    free = [f"{name}_of" for name in bound]
    cursor.execute(FUNCTIONS, [settings.DATABASE_ROLES.tenant, [*bound, *free]])
    found = {name: rest for name, *rest in cursor.fetchall()}
    breaches = [f"Function {name} is missing." for name in [*bound, *free] if name not in found]
    for name in bound:
        if name in found and found[name][0].strip() != BOUND_BODY.format(function=name).strip():
            breaches.append(f"Function {name} does not ask for the bound sub-account's rows as it was declared to.")
    for name in free:
        _, is_definer, is_callable = found.get(name, (None, False, False))
        if is_definer:
            breaches.append(f"Function {name} is SECURITY DEFINER.")
        if is_callable:
            breaches.append(f"Tenants may call {name}, which takes any sub-account's number.")
    return breaches
