"""The vocabulary of form submissions."""

from django.db import models


class SubmissionStatus(models.TextChoices):
    """Where a form submission stands."""

    NEW = "new"
    REVIEWED = "reviewed"
    CONTACTED = "contacted"
    PROCESSED = "processed"
    ARCHIVED = "archived"


class FieldType(models.TextChoices):
    """What a form can ask for."""

    TEXT = "text"
    TEXTAREA = "textarea"
    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"
    URL = "url"
    DATE = "date"
    TIME = "time"
    SELECT = "select"
    MULTISELECT = "multiselect"
    RADIO = "radio"
    CHECKBOX = "checkbox"
    RATING = "rating"
    CONSENT = "consent"
    FILE = "file"
    IMAGE = "image"
    HIDDEN = "hidden"
