"""The console's first page. It counts no big table: what it shows is kept counted, or found by an index."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.meetings import to_come
from crm.models import Booking, DailyCount, Lead
from crm.models.counts import EVERYBODY
from loctelli.console.charts import Chart
from loctelli.health import HEARTBEAT_SECONDS
from security.choices import Severity
from security.models import SecurityIncident
from tenants.console.lists import list_url
from tenants.console.narrowing import narrowed_to, rows_of

DAYS = 30
SHOWN = 8

SUB_ACCOUNTS = """
SELECT count.sub_account_id, sub_account.name, sub_account.is_active, count.users, count.strategies, count.leads,
       count.bookings, count.last_activity_at, count.counted_at
FROM sub_account_counts AS count LEFT JOIN subaccounts AS sub_account ON sub_account.id = count.sub_account_id
WHERE count.sub_account_id = %(everybody)s OR sub_account.id IS NOT NULL
      AND (%(chosen)s::bigint IS NULL OR sub_account.id = %(chosen)s)
ORDER BY count.sub_account_id = %(everybody)s DESC, count.last_activity_at DESC NULLS LAST, sub_account.name
LIMIT %(most)s
"""
# Jobs that wait are those nobody has begun though their time has come; so many of them that it says enough.
HEALTH = """
SELECT split_part(current_setting('server_version'), ' ', 1), pg_size_pretty(pg_database_size(current_database())),
       worker_last_heartbeat(), now(),
       (SELECT count(*) FROM (SELECT FROM procrastinate_jobs
                              WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now() LIMIT 1000) AS waiting)
"""


class SubAccountRow(NamedTuple):
    """How much a sub-account holds; without a name, all of them together."""

    sub_account_id: int
    name: str | None
    is_active: bool | None
    users: int
    strategies: int
    leads: int
    bookings: int
    last_activity_at: datetime | None
    counted_at: datetime


class Health(NamedTuple):
    """What the database says of itself and of the worker."""

    server_version: str
    size: str
    last_heartbeat: datetime | None
    now: datetime
    waiting: int

    @property
    def worker_is_alive(self) -> bool:
        return self.last_heartbeat is not None and self.now - self.last_heartbeat < timedelta(seconds=HEARTBEAT_SECONDS)


def figures(request: HttpRequest) -> dict[str, Any]:
    """Return what the first page shows to an admin: only what they may view, of the sub-account that is shown."""
    chosen = narrowed_to(request)
    chosen_id = chosen.pk if chosen else None
    may = {name: request.user.has_perm(permission) for name, permission in PERMISSIONS.items()}

    def narrowed(queryset: QuerySet) -> QuerySet:
        return queryset if chosen_id is None else queryset.filter(rows_of(queryset.model, chosen_id))

    context: dict[str, Any] = {"may": may, "zone": timezone.get_current_timezone_name(), "health": health()}
    totals, rows = sub_accounts(chosen_id)
    context |= {"totals": totals, "counted_at": totals.counted_at if totals else None}
    if may["leads"] or may["bookings"]:
        context["charts"] = charts(chosen_id, may)
    if may["leads"]:
        newest = narrowed(Lead.objects.select_related("sub_account")).only(
            "name", "status", "created_at", "sub_account__name"
        )
        context["newest_leads"] = newest.order_by("-created_at", "-id")[:SHOWN]
    if may["bookings"]:
        context["bookings_to_come"] = to_come(narrowed(Booking.objects.all()), now=timezone.now(), most=SHOWN)
    if may["incidents"]:
        context["incidents"] = open_incidents(narrowed(SecurityIncident.objects.all()))
    if may["sub_accounts"]:
        context["sub_accounts"] = rows
    return context


PERMISSIONS = {
    "leads": "crm.view_lead",
    "bookings": "crm.view_booking",
    "incidents": "security.view_securityincident",
    "sub_accounts": "tenants.view_subaccount",
}


def charts(sub_account_id: int | None, may: dict[str, bool]) -> list[Chart]:
    """Return the last thirty days and the thirty before, as they were counted last."""
    today = datetime.now(UTC).date()
    owner = EVERYBODY if sub_account_id is None else sub_account_id
    counted = DailyCount.objects.filter(sub_account_id=owner, day__gt=today - timedelta(days=2 * DAYS))
    by_day = {row[0]: row[1:] for row in counted.values_list("day", "leads", "conversations", "bookings")}
    shown = [
        (0, _("New leads"), "crm.Lead", may["leads"]),
        (1, _("Conversations"), None, may["leads"]),
        (2, _("Bookings made"), "crm.Booking", may["bookings"]),
    ]
    return [
        Chart(label, series(by_day, column, today), list_url(model) if model else None)
        for column, label, model, visible in shown
        if visible
    ]


def series(by_day: dict[date, tuple[int, ...]], column: int, today: date) -> list[tuple[date, int]]:
    """Return a column's count of each of the last sixty days, oldest first."""
    days = [today - timedelta(days=ago) for ago in range(2 * DAYS - 1, -1, -1)]
    return [(day, by_day[day][column] if day in by_day else 0) for day in days]


def open_incidents(incidents: QuerySet) -> list[tuple[str, str, int, str]]:
    """Return (severity, its words, how many are open, their list), the worst first."""
    counted: Iterable = incidents.filter(resolved=False).values_list("severity").annotate(Count("pk")).order_by()
    numbers = dict(counted)
    return [
        (
            severity.value,
            severity.label,
            numbers.get(severity.value, 0),
            list_url("security.SecurityIncident", resolved__exact=0, severity__exact=severity.value),
        )
        for severity in reversed(Severity)
    ]


def sub_accounts(sub_account_id: int | None) -> tuple[SubAccountRow | None, list[SubAccountRow]]:
    """Return what all sub-accounts hold together, or None before anything was counted, and the latest active ones."""
    parameters = {"everybody": EVERYBODY, "chosen": sub_account_id, "most": SHOWN + 1}
    with connection.cursor() as cursor:
        cursor.execute(SUB_ACCOUNTS, parameters)
        rows = [SubAccountRow(*row) for row in cursor.fetchall()]
    totals = rows.pop(0) if rows and rows[0].sub_account_id == EVERYBODY else None
    return (rows[0] if rows and sub_account_id is not None else totals), rows


def health() -> Health:
    """Return what the database says of itself and of the worker."""
    with connection.cursor() as cursor:
        cursor.execute(HEALTH)
        return Health(*cursor.fetchone())
