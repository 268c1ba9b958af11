"""When a person can be booked: weekly hours and dated exceptions, in that person's time zone."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext_noop as _

from loctelli.shapes import TIME_OF_DAY, Fault, Shape

DAYS = {
    "monday": _("Monday"),
    "tuesday": _("Tuesday"),
    "wednesday": _("Wednesday"),
    "thursday": _("Thursday"),
    "friday": _("Friday"),
    "saturday": _("Saturday"),
    "sunday": _("Sunday"),
}
HOURS = {
    "type": "array",
    "maxItems": 24,
    "x-add": _("Add hours"),
    "items": {
        "type": "object",
        "x-layout": "inline",
        "x-summary": ["start", "end"],
        "properties": {"start": {"title": _("From"), **TIME_OF_DAY}, "end": {"title": _("To"), **TIME_OF_DAY}},
        "required": ["start", "end"],
    },
}
WEEKLY_HOURS = {
    "title": _("Weekly hours"),
    "type": "object",
    "properties": {
        "weekly": {
            "title": _("Every week"),
            "type": "object",
            "x-layout": "grid",
            "properties": {day: {"title": name, **HOURS} for day, name in DAYS.items()},
            "additionalProperties": False,
        },
        "overrides": {
            "title": _("Other hours on single days"),
            "description": _("In place of the weekly ones. A day without hours is a day off."),
            "type": "array",
            "maxItems": 400,
            "x-add": _("Add a day"),
            "items": {
                "type": "object",
                "properties": {
                    "date": {"title": _("Date"), "type": "string", "format": "date"},
                    "hours": {"title": _("Hours"), **HOURS},
                },
                "required": ["date", "hours"],
            },
        },
        "slot_minutes": {
            "title": _("Length of a meeting"),
            "description": _("Minutes."),
            "type": "integer",
            "minimum": 5,
            "maximum": 1440,
        },
        "buffer_minutes": {
            "title": _("Break between meetings"),
            "description": _("Minutes."),
            "type": "integer",
            "minimum": 0,
            "maximum": 1440,
        },
        "notice_hours": {
            "title": _("Booked at least this long before"),
            "description": _("Hours."),
            "type": "integer",
            "minimum": 0,
            "maximum": 8760,
        },
        "horizon_days": {
            "title": _("Booked at most this long before"),
            "description": _("Days."),
            "type": "integer",
            "minimum": 1,
            "maximum": 730,
        },
    },
}
FREE_SLOTS = {
    "title": _("Single free slots"),
    "type": "array",
    "maxItems": 1000,
    "x-add": _("Add a day"),
    "items": {
        "type": "object",
        "properties": {
            "date": {"title": _("Date"), "type": "string", "format": "date"},
            "slots": {"title": _("Free at"), "type": "array", "maxItems": 288, "items": TIME_OF_DAY},
        },
        "required": ["date", "slots"],
    },
}


def check_hours(value: Any) -> Iterator[Fault]:
    """Yield hours that end before they begin or overlap, and days that have two exceptions."""
    if not isinstance(value, dict):
        return
    for day, hours in value.get("weekly", {}).items():
        yield from _check_day(("weekly", day), hours)
    seen = set()
    for number, override in enumerate(value.get("overrides", [])):
        yield from _check_day(("overrides", str(number), "hours"), override["hours"])
        if override["date"] in seen:
            yield Fault(("overrides", str(number), "date"), "duplicate_date", "This day stands here twice.")
        seen.add(override["date"])


def _check_day(path: tuple[str, ...], hours: list[dict[str, Any]]) -> Iterator[Fault]:
    for number, span in enumerate(hours):
        if span["end"] <= span["start"]:
            yield Fault((*path, str(number), "end"), "ends_too_early", "Must be later than the beginning.")
    for (_number, before), (number, after) in pairwise(sorted(enumerate(hours), key=lambda item: item[1]["start"])):
        if after["start"] < before["end"]:
            yield Fault((*path, str(number), "start"), "overlaps", "Begins before the hours before it end.")


BOOKINGS_TIME = Shape({"oneOf": [WEEKLY_HOURS, FREE_SLOTS]}, check_hours)
