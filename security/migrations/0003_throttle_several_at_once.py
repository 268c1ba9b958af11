"""A counter knows when its window ends, and one statement counts a request on several counters."""

from django.conf import settings
from django.db import migrations

from security import throttle_sql

ROLES = settings.DATABASE_ROLES

# Rows of before count as over in a day, as they did.
ADD_WINDOW_END = """
ALTER TABLE throttle_counters ADD COLUMN window_end timestamptz NOT NULL DEFAULT now() + interval '1 day';
ALTER TABLE throttle_counters ALTER COLUMN window_end DROP DEFAULT
"""

KEEP_WINDOW_END = """
DO $do$ BEGIN EXECUTE format($create$
CREATE OR REPLACE FUNCTION throttle_hit(
    counter_key text, seconds integer, OUT hits integer, OUT reset_seconds double precision
)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO %1$I.throttle_counters AS counter (key, window_start, window_end, hits)
    VALUES (counter_key, clock_timestamp(), clock_timestamp() + make_interval(secs => seconds), 1)
    ON CONFLICT (key) DO UPDATE SET
        hits = CASE WHEN counter.window_end <= excluded.window_start
            THEN 1 ELSE least(counter.hits, 2147483646) + 1 END,
        window_start = CASE WHEN counter.window_end <= excluded.window_start
            THEN excluded.window_start ELSE counter.window_start END,
        window_end = CASE WHEN counter.window_end <= excluded.window_start
            THEN excluded.window_end ELSE counter.window_end END
    RETURNING counter.hits, date_part('epoch', counter.window_end - clock_timestamp());
END
$create$, current_schema()); END $do$
"""

# Counts on each counter in turn and stops at the first that refuses: what a refused request would have gone on to count
# on, such as its sub-account's counter, is everybody else's there. Runs with its caller's rights.
COUNT_SEVERAL = """
DO $do$ BEGIN EXECUTE format($create$
CREATE FUNCTION throttle_hits(counter_keys text[], limits integer[], seconds integer[])
RETURNS TABLE (hits integer, reset_seconds double precision)
LANGUAGE plpgsql VOLATILE AS $body$
BEGIN
    FOR number IN 1 .. cardinality(counter_keys) LOOP
        SELECT counted.hits, counted.reset_seconds INTO hits, reset_seconds
        FROM %1$I.throttle_hit(counter_keys[number], seconds[number]) AS counted;
        RETURN NEXT;
        EXIT WHEN hits > limits[number];
    END LOOP;
END
$body$
$create$, current_schema()); END $do$
"""

GRANTS = f"""
REVOKE ALL ON FUNCTION throttle_hits(text[], integer[], integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION throttle_hits(text[], integer[], integer[]) TO "{ROLES.tenant}", "{ROLES.system}"
"""

# The function names every column in its INSERT's conflict, so it goes before the column does.
FORGET_WINDOW_END = [
    "DROP FUNCTION throttle_hit(text, integer)",
    "ALTER TABLE throttle_counters DROP COLUMN window_end",
    throttle_sql.FUNCTION,
    *throttle_sql.grants(ROLES),
]


class Migration(migrations.Migration):
    dependencies = [("security", "0002_add_console_sign_in")]

    operations = [
        migrations.RunSQL([ADD_WINDOW_END, KEEP_WINDOW_END], FORGET_WINDOW_END),
        migrations.RunSQL([COUNT_SEVERAL, GRANTS], "DROP FUNCTION throttle_hits(text[], integer[], integer[])"),
    ]
