"""The vocabularies of closing sub-accounts."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ClosingStatus(models.TextChoices):
    """Where a closing stands."""

    EXPORTING = "exporting", _("Exporting")
    REMOVING = "removing", _("Removing")
    CLOSED = "closed", _("Closed")
