"""The throttles' table and function, for a migration: `migrations.RunSQL(FORWARD, REVERSE)`.

The table is unlogged, for a count that a crash forgets costs nobody anything. Tenants may only call the function, which
runs as its owner and can do one thing: count.
"""

from django.conf import settings

from loctelli.database.roles import Roles

TABLE = """
CREATE UNLOGGED TABLE throttle_counters (
    key text PRIMARY KEY,
    window_start timestamptz NOT NULL,
    hits integer NOT NULL CHECK (hits > 0)
) WITH (fillfactor = 70)
"""

# One statement, so one row lock: of parallel calls none is lost. The schema is written out where it is created, for a
# function that runs as its owner must not look names up in a path that its caller chose.
FUNCTION = """
DO $do$ BEGIN EXECUTE format($create$
CREATE FUNCTION throttle_hit(counter_key text, seconds integer, OUT hits integer, OUT reset_seconds double precision)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO %1$I.throttle_counters AS counter (key, window_start, hits)
    VALUES (counter_key, clock_timestamp(), 1)
    ON CONFLICT (key) DO UPDATE SET
        hits = CASE WHEN counter.window_start + make_interval(secs => seconds) <= excluded.window_start
            THEN 1 ELSE least(counter.hits, 2147483646) + 1 END,
        window_start = CASE WHEN counter.window_start + make_interval(secs => seconds) <= excluded.window_start
            THEN excluded.window_start ELSE counter.window_start END
    RETURNING counter.hits,
        date_part('epoch', counter.window_start + make_interval(secs => seconds) - clock_timestamp());
END
$create$, current_schema()); END $do$
"""


def grants(roles: Roles) -> list[str]:
    """Return the statements that let tenants count and the system, besides, prune."""
    return [
        "REVOKE ALL ON throttle_counters FROM PUBLIC",
        "REVOKE ALL ON FUNCTION throttle_hit(text, integer) FROM PUBLIC",
        f'GRANT EXECUTE ON FUNCTION throttle_hit(text, integer) TO "{roles.tenant}", "{roles.system}"',
        f'GRANT SELECT, DELETE ON throttle_counters TO "{roles.system}"',
    ]


FORWARD = [TABLE, FUNCTION, *grants(settings.DATABASE_ROLES)]
REVERSE = ["DROP FUNCTION throttle_hit(text, integer)", "DROP TABLE throttle_counters"]
