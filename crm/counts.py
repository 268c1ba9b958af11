"""Keeps the console's counts: a job counts anew every few minutes, so that a page never has to."""

from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction

from crm.models.counts import EVERYBODY
from loctelli.database.locks import lock_until_commit

# This month and the one before, to compare it with.
KEPT_DAYS = 61
# What can still change by itself: today, and yesterday for those who write around midnight.
RECENT_DAYS = 2

COUNT_DAYS = """
INSERT INTO daily_counts (sub_account_id, day, leads, conversations, bookings)
SELECT coalesce(sub_account_id, %(everybody)s), day, sum(leads), sum(conversations), sum(bookings)
FROM (
    SELECT sub_account_id, (created_at AT TIME ZONE 'UTC')::date AS day, 1 AS leads, 0 AS conversations, 0 AS bookings
    FROM leads WHERE created_at >= %(since)s AND created_at < %(until)s
  UNION ALL
    SELECT DISTINCT ON (sub_account_id, lead_id, day) sub_account_id, day, 0, 1, 0
    FROM (
        SELECT sub_account_id, lead_id, (message_timestamp AT TIME ZONE 'UTC')::date AS day
        FROM conversation_messages WHERE message_timestamp >= %(since)s AND message_timestamp < %(until)s
    ) AS messages
  UNION ALL
    SELECT sub_account_id, (created_at AT TIME ZONE 'UTC')::date, 0, 0, 1
    FROM bookings WHERE created_at >= %(since)s AND created_at < %(until)s
) AS events
GROUP BY GROUPING SETS ((day), (sub_account_id, day))
"""

# The latest lead and booking of each sub-account are looked up in its indexes; a message changes its lead.
COUNT_SUB_ACCOUNTS = """
INSERT INTO sub_account_counts (sub_account_id, users, strategies, leads, bookings, last_activity_at)
SELECT coalesce(sub_account.id, %(everybody)s), coalesce(sum(users.number), 0), coalesce(sum(strategies.number), 0),
       coalesce(sum(leads.number), 0), coalesce(sum(bookings.number), 0), max(greatest(lead.at, booking.at))
FROM subaccounts AS sub_account
LEFT JOIN (SELECT sub_account_id, count(*) AS number FROM users GROUP BY 1) AS users
    ON users.sub_account_id = sub_account.id
LEFT JOIN (SELECT sub_account_id, count(*) AS number FROM strategies GROUP BY 1) AS strategies
    ON strategies.sub_account_id = sub_account.id
LEFT JOIN (SELECT sub_account_id, count(*) AS number FROM leads GROUP BY 1) AS leads
    ON leads.sub_account_id = sub_account.id
LEFT JOIN (SELECT sub_account_id, count(*) AS number FROM bookings GROUP BY 1) AS bookings
    ON bookings.sub_account_id = sub_account.id
LEFT JOIN LATERAL (SELECT max(updated_at) AS at FROM leads WHERE sub_account_id = sub_account.id) AS lead ON true
LEFT JOIN LATERAL (SELECT max(created_at) AS at FROM bookings WHERE sub_account_id = sub_account.id) AS booking ON true
GROUP BY GROUPING SETS ((), (sub_account.id))
"""


@transaction.atomic
def count_anew(*, days: int = KEPT_DAYS) -> None:
    """Count the last so many days and every sub-account's rows anew, in the bound system scope; forget older days."""
    today = datetime.now(UTC).date()
    first = today - timedelta(days=days - 1)
    parameters: dict[str, int | datetime] = {
        "everybody": EVERYBODY,
        "since": midnight(first),
        "until": midnight(today + timedelta(days=1)),
    }
    with connection.cursor() as cursor:
        # One at a time. However much there is to count, a worker has the time.
        cursor.execute("SELECT set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true)")
        lock_until_commit(connection, "crm.counts")
        cursor.execute(
            "DELETE FROM daily_counts WHERE day >= %s OR day <= %s", [first, today - timedelta(days=KEPT_DAYS)]
        )
        cursor.execute(COUNT_DAYS, parameters)
        cursor.execute("DELETE FROM sub_account_counts")
        cursor.execute(COUNT_SUB_ACCOUNTS, parameters)


def midnight(day: date) -> datetime:
    """Return when a day of UTC begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
