"""Made-up leads, which PostgreSQL itself makes: one statement for tens of thousands, the same for the same numbers."""

from typing import Any

from django.db import connection

from loctelli.management.generating.names import LANGUAGES, spelled

COMPANIES = ["Solar", "Dental", "Bakery", "Roofing", "Kitchens", "Legal", "Fitness", "Garage", "Café", "Immobilien"]
POSITIONS = ["Owner", "Managing director", "Buyer", "Head of marketing", "Office manager", "Geschäftsführer", "Gérante"]
DOMAINS = ["mail.example", "post.example", "inbox.example", "firma.example", "work.example", "bureau.example"]
ZONES = ["America/New_York", "Europe/Berlin", "Europe/Paris", "America/Chicago", "Asia/Tokyo", "Australia/Sydney"]
STATUSES = ["lead", "lead", "lead", "active", "active", "inactive", "qualified", "disqualified", "booked", "closed"]
STAGES = ["discovery", "discovery", "qualification", "objection_handling", "closing", "booked"]
PAINS = ["costs", "waiting times", "an old contract", "no time", "a bad experience", "many suppliers"]
NOTES = [
    "Asked to be called after five. Prefers e-mail for anything in writing.",
    "Found us through a neighbour; wants a second opinion on the offer already there.",
    "Has a budget until the end of the quarter, decides together with the business partner.",
]
# How many leads have a booking: one in so many.
LEADS_A_BOOKING = 25

# `h` is a number drawn from the lead's own; its digits, taken at different places, choose everything. Dates rise with
# the numbers over two years, a week's disorder among them.
INSERT = """
WITH drawn AS (
    SELECT n, h, h / 7 %% {languages} * 8 AS language, 1 + h / 1000 %% 8 AS first, 1 + h / 8000 %% 8 AS last,
        h / 64000 %% 1000 AS chance, lpad((h / 100 %% 900 + 100)::text, 3, '0') AS area,
        lpad((h / 5000 %% 1000)::text, 3, '0') AS exchange, lpad((h / 3 %% 10000)::text, 4, '0') AS line,
        (%(prefixes)s::text[])[1 + h / 7 %% {languages}] AS prefix,
        least(%(now)s, %(now)s - interval '730 days' * (1 - n::float8 / %(size)s)
            + interval '1 second' * (h %% 604800)) AS created_at
    FROM (SELECT n, hashint8extended(n, %(sub_account)s) & 9007199254740991 AS h
        FROM generate_series(%(first_number)s::bigint, %(last_number)s::bigint) n) numbers
), inserted AS (
    INSERT INTO leads (sub_account_id, name, email, phone, company, position, custom_id, timezone, status, notes,
        regular_user_id, strategy_id, conversation_state, created_at, updated_at)
    SELECT %(sub_account)s,
        concat_ws(' ', (%(first_names)s::text[])[language + first],
            CASE WHEN chance %% 3 = 0 THEN chr(65 + (h / 11 %% 26)::int) || '.' END,
            (%(last_names)s::text[])[language + last]),
        CASE WHEN chance >= 120 THEN concat((%(first_addresses)s::text[])[language + first],
            (ARRAY['.', '_', ''])[1 + h %% 3], (%(last_addresses)s::text[])[language + last], h / 9 %% 1000, '@',
            (%(domains)s::text[])[1 + h / 17 %% {domains}]) END,
        CASE WHEN chance %% 10 <> 4 THEN CASE h / 13 %% 6
            WHEN 0 THEN format('+%%s %%s %%s %%s', prefix, area, exchange, line)
            WHEN 1 THEN format('+%%s%%s%%s%%s', prefix, area, exchange, line)
            WHEN 2 THEN format('(%%s) %%s-%%s', area, exchange, line)
            WHEN 3 THEN format('00%%s %%s/%%s%%s', prefix, area, exchange, line)
            WHEN 4 THEN format('+%%s-%%s-%%s-%%s', prefix, area, exchange, line)
            ELSE format('0%%s.%%s.%%s', area, exchange, line) END END,
        CASE WHEN chance %% 5 < 3 THEN concat_ws(' ', (%(last_names)s::text[])[language + 1 + h / 23 %% 8],
            (%(companies)s::text[])[1 + h / 29 %% {companies}]) END,
        CASE WHEN chance %% 7 < 2 THEN (%(positions)s::text[])[1 + h / 31 %% {positions}] END,
        'generated-' || n,
        CASE WHEN chance %% 4 > 0 THEN (%(zones)s::text[])[1 + h / 37 %% {zones}] END,
        (%(statuses)s::text[])[1 + h / 41 %% {statuses}],
        CASE WHEN chance %% 5 = 1 THEN (%(notes)s::text[])[1 + h / 43 %% {notes}] END,
        (%(users)s::bigint[])[1 + h / 47 %% cardinality(%(users)s::bigint[])],
        (%(strategies)s::bigint[])[1 + h / 53 %% cardinality(%(strategies)s::bigint[])],
        CASE WHEN chance %% 2 = 0 THEN jsonb_build_object(
            'stage', (%(stages)s::text[])[1 + h / 59 %% {stages}], 'qualified', h / 61 %% 3 = 0,
            'budget', h / 67 %% 90 * 500, 'pain_points', jsonb_build_array((%(pains)s::text[])[1 + h / 71 %% {pains}]),
            'objections', '[]'::jsonb) END,
        created_at,
        least(%(now)s, created_at + interval '1 second' * (h / 73 %% 2592000))
    FROM drawn ORDER BY n
    RETURNING id, regular_user_id, created_at
)
INSERT INTO bookings (sub_account_id, regular_user_id, lead_id, booking_type, status, details, created_at, updated_at)
SELECT %(sub_account)s, regular_user_id, id, (ARRAY['consultation', 'meeting', 'demo'])[1 + id %% 3],
    (ARRAY['pending', 'confirmed', 'cancelled', 'completed', 'no_show'])[1 + id %% 5],
    jsonb_build_object('date', (created_at + interval '9 days')::date,
        'time', lpad((9 + id %% 8)::text, 2, '0') || ':30', 'location', 'Zoom'),
    created_at, created_at
FROM inserted WHERE id %% {leads_a_booking} = 0
"""


def insert_leads(
    sub_account_id: int, *, users: list[int], strategies: list[int], numbers: range, size: int, now: Any
) -> None:
    """Insert the leads of these numbers, which begin with 1, of a sub-account that is to have `size` of them."""
    first_names, first_addresses = spelled("first")
    last_names, last_addresses = spelled("last")
    lists = {
        "domains": DOMAINS,
        "companies": COMPANIES,
        "positions": POSITIONS,
        "zones": ZONES,
        "statuses": STATUSES,
        "notes": NOTES,
        "stages": STAGES,
        "pains": PAINS,
    }
    lengths = {name: len(values) for name, values in lists.items()}
    statement = INSERT.format(languages=len(LANGUAGES), leads_a_booking=LEADS_A_BOOKING, **lengths)
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                **lists,
                "prefixes": [language.prefix for language in LANGUAGES],
                "first_names": first_names,
                "first_addresses": first_addresses,
                "last_names": last_names,
                "last_addresses": last_addresses,
                "sub_account": sub_account_id,
                "users": users,
                "strategies": strategies,
                "first_number": numbers.start,
                "last_number": numbers.stop - 1,
                "size": size,
                "now": now,
            },
        )
