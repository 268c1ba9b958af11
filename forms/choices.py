"""The vocabulary of form submissions."""

from django.db import models


class SubmissionStatus(models.TextChoices):
    """Where a form submission stands."""

    NEW = "new"
    REVIEWED = "reviewed"
    CONTACTED = "contacted"
    PROCESSED = "processed"
    ARCHIVED = "archived"
