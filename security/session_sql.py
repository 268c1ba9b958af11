"""The function that tells whether a session goes on, for a migration: `migrations.RunSQL(FORWARD, REVERSE)`.

Tenants have no right to the tokens' table, and a bound request has no second scope to ask in: so the request's one
query for its user calls this function, which runs as its owner and answers yes or no.
"""

from django.conf import settings

# The schema is written out where it is created, for a function that runs as its owner must not look names up in a path
# that its caller chose.
FUNCTION = """
DO $do$ BEGIN EXECUTE format($create$
CREATE FUNCTION session_is_alive(session text, holder bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM %1$I.refresh_tokens
        WHERE family = session AND rotated_at IS NULL AND revoked_at IS NULL
            AND user_id = holder AND account_type = 'user' AND expires_at > statement_timestamp()
    );
END
$create$, current_schema()); END $do$
"""


def grants() -> list[str]:
    """Return the statements that let tenants and the system ask, and nobody else."""
    roles = settings.DATABASE_ROLES
    return [
        "REVOKE ALL ON FUNCTION session_is_alive(text, bigint) FROM PUBLIC",
        f'GRANT EXECUTE ON FUNCTION session_is_alive(text, bigint) TO "{roles.tenant}", "{roles.system}"',
    ]


FORWARD = [FUNCTION, *grants()]
REVERSE = ["DROP FUNCTION session_is_alive(text, bigint)"]
