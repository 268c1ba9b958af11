"""Meetings that are still to come: a booking's `details` say on which day and at what time, in its person's zone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Left

from crm.choices import BookingStatus
from crm.models import Booking
from loctelli.timezones import timezone_names

# Of what stands for a date, no more than an index can hold.
DAY = Left(KeyTextTransform("date", "details"), 10)


def starts_at(booking: Booking) -> datetime | None:
    """Return when a meeting starts; None where its details don't say so in ISO 8601."""
    details = booking.details if isinstance(booking.details, dict) else {}
    day, time, zone = details.get("date"), details.get("time") or "00:00", details.get("timezone")
    if not isinstance(day, str):
        return None
    try:
        start = datetime.fromisoformat(day if "T" in day else f"{day}T{time}")
    except ValueError:
        return None
    if start.tzinfo is not None:
        return start
    name = zone if isinstance(zone, str) and zone in timezone_names() else booking.regular_user.timezone
    return start.replace(tzinfo=ZoneInfo(name))


def still_to_come(bookings: models.QuerySet[Booking], *, now: datetime) -> models.QuerySet[Booking]:
    """Leave the meetings that are neither cancelled nor over, as far as the day says it. The index `bookings_to_come`
    serves this."""
    # A day early, for it may still be yesterday where the person is.
    first_day = (now - timedelta(days=1)).date().isoformat()
    statuses = [BookingStatus.PENDING.value, BookingStatus.CONFIRMED.value]
    return bookings.alias(day=DAY).filter(Q(day__gte=first_day), status__in=statuses)


def to_come(bookings: models.QuerySet[Booking], *, now: datetime, most: int) -> list[tuple[datetime, Booking]]:
    """Return the next meetings with their starts, soonest first."""
    found = still_to_come(bookings, now=now).select_related("regular_user", "lead", "sub_account")
    soonest = found.order_by(DAY, KeyTextTransform("time", "details"), "id")[: most * 3]
    starts = [(start, booking) for booking in soonest if (start := starts_at(booking)) and start >= now]
    return sorted(starts, key=lambda pair: (pair[0], pair[1].pk))[:most]
