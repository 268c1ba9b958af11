"""The time zone of whoever looks: the browser tells it in a cookie, and pages are rendered in it."""

from datetime import tzinfo
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone

from loctelli.timezones import timezone_names

COOKIE = "loctelli_timezone"


def zone_of(request: HttpRequest) -> tzinfo:
    """Return the browser's time zone; UTC as long as it has told none that exists."""
    name = request.COOKIES.get(COOKIE, "")
    return ZoneInfo(name) if name in timezone_names() else timezone.get_default_timezone()
