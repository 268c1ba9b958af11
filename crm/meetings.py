"""Meetings that are still to come: a booking's `details` say on which day and at what time, in its person's zone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Left

from crm.choices import BookingStatus
from crm.models import Booking
from loctelli.timezones import timezone_names


def starts_at(booking: Booking) -> datetime | None:
    """Return when a meeting starts; None where its details don't say so in ISO 8601."""
    details = booking.details if isinstance(booking.details, dict) else {}
    day, time, zone = details.get("date"), details.get("time") or "00:00", details.get("timezone")
    try:
        start = datetime.fromisoformat(day if "T" in day else f"{day}T{time}")
    except (TypeError, ValueError):
        return None
    if start.tzinfo is not None:
        return start
    name = zone if isinstance(zone, str) and zone in timezone_names() else booking.regular_user.timezone
    return start.replace(tzinfo=ZoneInfo(name))


def to_come(bookings: models.QuerySet[Booking], *, now: datetime, most: int) -> list[tuple[datetime, Booking]]:
    """Return the next meetings with their starts, soonest first: those that are neither cancelled nor over."""
    # A day early, for it may still be yesterday where the person is. The index `bookings_to_come` serves this.
    first_day = (now - timedelta(days=1)).date().isoformat()
    day = Left(KeyTextTransform("date", "details"), 10)
    found = (
        bookings.annotate(day=day)
        .filter(status__in=[BookingStatus.PENDING.value, BookingStatus.CONFIRMED.value], day__gte=first_day)
        .select_related("regular_user", "lead", "sub_account")
        .order_by("day", KeyTextTransform("time", "details"), "id")
    )
    starts = [(start, booking) for booking in found[: most * 3] if (start := starts_at(booking)) and start >= now]
    return sorted(starts, key=lambda pair: (pair[0], pair[1].pk))[:most]
