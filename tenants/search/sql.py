"""The functions that search stands on, for migrations: `migrations.RunSQL(FORWARD, REVERSE)`, then `functions(…)`.

A row's text is folded once, when it is written: lower case, without accents, every word after two blanks, a phone
number as its digits. Its index holds every three characters of that (so a word's first letter, too: "  a"), and beside
them whose row it is: what is frequent with others doesn't slow a small sub-account's search. PostgreSQL uses no such
index under row security, for its operators are not leakproof. So a function looks for a tenant with the owner's rights;
it asks PostgreSQL itself, and nobody else, which sub-account is bound.
"""

from django.conf import settings

# The text of a row is stored: what these four return for the same value must never change. They are named in full or
# written as one expression, so that no search_path of a caller's, or of a restored dump's, changes what they mean.
FOLD = r"""
CREATE FUNCTION search_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN translate(replace(replace(replace(
    lower(regexp_replace(normalize(value, nfkd), '[\u0300-\u036f]+', '', 'g')),
    'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'øłđıðς', 'oldidσ')
"""
# "Müller" is found as "muller" and as "mueller".
UMLAUTS = r"""
CREATE FUNCTION search_umlauts(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN CASE WHEN normalize(value, nfc) ~ '[äöüÄÖÜ]' THEN
    search_fold(replace(replace(replace(lower(normalize(value, nfc)), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue')) ELSE '' END
"""
TEXT = r"""
CREATE FUNCTION search_text(names text, codes text, phone text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(
    ' ' || search_fold(names || ' ' || codes) || ' ' || search_umlauts(names) || ' '
    || regexp_replace(replace(phone, '(0)', ''), '\D+', '', 'g'), '\s+', '  ', 'g')
"""
# Three passes of a regular expression, for they are four times as fast as a loop.
GRAMS = r"""
CREATE FUNCTION search_grams(value text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT COST 1000
RETURN string_to_array(
    regexp_replace(value, '(...)', E'\\1\x01', 'g') || E'\x01'
    || regexp_replace(substr(value, 2), '(...)', E'\\1\x01', 'g') || E'\x01'
    || regexp_replace(substr(value, 3), '(...)', E'\\1\x01', 'g'), E'\x01')
"""
# What is asked: a word of one or two characters has to begin a word, a longer one may stand anywhere.
NEEDLES = r"""
CREATE FUNCTION search_needles(words text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(array_agg(CASE WHEN length(folded) < 3 THEN '  ' || folded ELSE folded END), '{}')
    FROM unnest(words) AS word, regexp_split_to_table(search_fold(word), '\s+') AS folded
    WHERE folded <> '')
"""
PATTERNS = r"""
CREATE FUNCTION search_patterns(words text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(array_agg('%' || regexp_replace(needle, '([\\%_])', '\\\1', 'g') || '%'), '{}')
    FROM unnest(search_needles(words)) AS needle)
"""
# All that somebody answered in a form, and beside it the digits of what is written as a phone number is.
ANSWERS = r"""
CREATE FUNCTION search_answers(answers jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(
        left(string_agg(answer, ' '), 1000) || ' ' || coalesce(string_agg(
            regexp_replace(replace(answer, '(0)', ''), '\D+', '', 'g'), ' '
        ) FILTER (WHERE answer ~ '^\s*[+(]?\d[\d\s()./+-]{4,30}$'), ''), '')
    FROM jsonb_path_query(answers, 'strict $.** ? (@.type() == "string" || @.type() == "number")') AS found,
        LATERAL (SELECT found #>> '{}' AS answer) AS text)
"""
REVERSE = [
    "DROP FUNCTION search_patterns(text[])",
    "DROP FUNCTION search_needles(text[])",
    "DROP FUNCTION search_grams(text)",
    "DROP FUNCTION search_text(text, text, text)",
    "DROP FUNCTION search_umlauts(text)",
    "DROP FUNCTION search_fold(text)",
]

# For whoever row security shows everything to: in one sub-account, or with null in all. The index knows whose a row is,
# so that is asked again in a way that no other index serves, or all rows of the sub-account would be read from that.
EVERYWHERE = r"""
CREATE OR REPLACE FUNCTION {function}_of(bound bigint, words text[], at_most integer) RETURNS SETOF {key}
LANGUAGE plpgsql STABLE ROWS 100
SET work_mem = '64MB' SET plan_cache_mode = force_custom_plan SET max_parallel_workers_per_gather = 0 AS $function$
DECLARE
    patterns text[] := search_patterns(words);
    grams text[] := ARRAY(
        SELECT DISTINCT gram FROM unnest(search_needles(words)) AS needle, unnest(search_grams(needle)) AS gram
        WHERE length(gram) = 3);
BEGIN
    IF bound IS NULL THEN
        RETURN QUERY SELECT id FROM {table}
            WHERE search_grams(search_text) COLLATE "C" @> grams AND search_text LIKE ALL (patterns) LIMIT at_most;
    ELSE
        RETURN QUERY SELECT id FROM {table}
            WHERE search_grams(search_text) COLLATE "C" @> grams AND ARRAY[sub_account_id] @> ARRAY[bound]
                AND sub_account_id + 0 = bound AND search_text LIKE ALL (patterns) LIMIT at_most;
    END IF;
END
$function$
"""
# For a tenant. The owner sees all rows, as a member of the system role; this shows those of the bound sub-account.
BOUND_BODY = r"""
DECLARE
    bound bigint := nullif(current_setting('app.sub_account_id', true), '')::bigint;
BEGIN
    IF bound IS NOT NULL THEN
        RETURN QUERY SELECT * FROM {function}_of(bound, words, at_most);
    END IF;
END
"""
BOUND = r"""
DO $do$ BEGIN EXECUTE format($create$
CREATE FUNCTION {function}(words text[], at_most integer) RETURNS SETOF {key}
LANGUAGE plpgsql STABLE ROWS 100 SECURITY DEFINER SET search_path = %1$I, pg_temp AS $function${body}$function$
$create$, current_schema()); END $do$
"""
FORWARD = [FOLD, UMLAUTS, TEXT, GRAMS, NEEDLES, PATTERNS]


def everywhere(table: str, key: str) -> str:
    """Return the statement that makes, or replaces, a table's function for whoever sees all sub-accounts."""
    return EVERYWHERE.format(function=f"search_{table}", table=table, key=key)


def functions(table: str, key: str) -> list[str]:
    """Return the statements that make a table's two functions; only tenants and the system call the first one."""
    roles, function = settings.DATABASE_ROLES, f"search_{table}"
    both = f"FUNCTION {function}(text[], integer), {function}_of(bigint, text[], integer)"
    return [
        everywhere(table, key),
        BOUND.format(function=function, key=key, body=BOUND_BODY.format(function=function)),
        f"REVOKE ALL ON {both} FROM PUBLIC",
        f'GRANT EXECUTE ON FUNCTION {function}(text[], integer) TO "{roles.tenant}", "{roles.system}"',
        f'GRANT EXECUTE ON FUNCTION {function}_of(bigint, text[], integer) TO "{roles.system}"',
    ]


def no_functions(table: str) -> list[str]:
    """Return what undoes `functions`."""
    function = f"search_{table}"
    return [
        f"DROP FUNCTION {function}(text[], integer)",
        f"DROP FUNCTION {function}_of(bigint, text[], integer)",
    ]
