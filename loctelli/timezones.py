"""Time zones by their IANA names."""

from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError


@cache
def timezone_names() -> frozenset[str]:
    """Return the IANA names this machine knows."""
    return frozenset(available_timezones())


def validate_timezone(value: str) -> None:
    """Raise ValidationError unless the value is an IANA time zone name."""
    if value not in timezone_names():
        raise ValidationError(f'"{value}" is no IANA time zone, such as "Europe/Berlin".', code="invalid_timezone")
