"""The vocabulary of integrations."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class IntegrationStatus(models.TextChoices):
    """Where the connection to an outside service stands."""

    PENDING = "pending", _("Pending")
    ACTIVE = "active", _("Active")
    ERROR = "error", _("Error")
    DISCONNECTED = "disconnected", _("Disconnected")
