"""Constraints that several apps write the same way."""

from django.db import models
from django.db.models import Q


def one_of(field: str, choices: type[models.TextChoices], *, name: str) -> models.CheckConstraint:
    """Return a CHECK that `field` holds one of the values of `choices`."""
    return models.CheckConstraint(
        condition=Q(**{f"{field}__in": choices.values}),
        name=name,
        violation_error_message=f"Must be one of: {', '.join(choices.values)}.",
    )
