"""The vocabulary of form submissions."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SubmissionStatus(models.TextChoices):
    """Where a form submission stands."""

    NEW = "new", _("New")
    REVIEWED = "reviewed", _("Reviewed")
    CONTACTED = "contacted", _("Contacted")
    PROCESSED = "processed", _("Processed")
    ARCHIVED = "archived", _("Archived")


class FieldType(models.TextChoices):
    """What a form can ask for."""

    TEXT = "text", _("Text")
    TEXTAREA = "textarea", _("Long text")
    EMAIL = "email", _("Email")
    PHONE = "phone", _("Phone")
    NUMBER = "number", _("Number")
    URL = "url", _("Web address")
    DATE = "date", _("Date")
    TIME = "time", _("Time")
    SELECT = "select", _("One of a list")
    MULTISELECT = "multiselect", _("Several of a list")
    RADIO = "radio", _("Radio")
    CHECKBOX = "checkbox", _("Checkbox")
    RATING = "rating", _("Rating")
    CONSENT = "consent", _("Consent")
    FILE = "file", _("File")
    IMAGE = "image", _("Image")
    HIDDEN = "hidden", _("Hidden")
