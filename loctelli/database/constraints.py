"""Constraints that several apps write the same way."""

from django.db import models
from django.db.models import Q

# The shape of SHA-256 or HMAC-SHA-256 in hex.
HEX_DIGEST = "^[0-9a-f]{64}$"


def base64_of(size: int) -> str:
    """Return the pattern of base64 of so many bytes."""
    groups, rest = divmod(size, 3)
    tail = {0: "", 1: "[A-Za-z0-9+/]{2}==", 2: "[A-Za-z0-9+/]{3}="}[rest]
    return f"^[A-Za-z0-9+/]{{{groups * 4}}}{tail}$"


def base64_from(size: int) -> str:
    """Return the pattern of base64 of so many bytes or more."""
    groups = (size - 1) // 3
    return f"^([A-Za-z0-9+/]{{4}}){{{groups},}}([A-Za-z0-9+/]{{4}}|[A-Za-z0-9+/]{{3}}=|[A-Za-z0-9+/]{{2}}==)$"


def shaped(field: str, pattern: str, *, name: str) -> models.CheckConstraint:
    """Return a CHECK that `field` holds text of a pattern, so that nothing else is stored in its place."""
    return models.CheckConstraint(
        condition=Q(**{f"{field}__regex": pattern}), name=name, violation_error_message="Is not of the stored form."
    )


def one_of(field: str, choices: type[models.TextChoices], *, name: str) -> models.CheckConstraint:
    """Return a CHECK that `field` holds one of the values of `choices`."""
    return models.CheckConstraint(
        condition=Q(**{f"{field}__in": choices.values}),
        name=name,
        violation_error_message=f"Must be one of: {', '.join(choices.values)}.",
    )
