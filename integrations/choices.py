"""The vocabulary of integrations."""

from django.db import models


class IntegrationStatus(models.TextChoices):
    """Where the connection to an outside service stands."""

    PENDING = "pending"
    ACTIVE = "active"
    ERROR = "error"
    DISCONNECTED = "disconnected"
