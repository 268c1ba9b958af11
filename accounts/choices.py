"""The roles of both kinds of account."""

from django.db import models


class AdminRole(models.TextChoices):
    """What a platform admin is."""

    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


class UserRole(models.TextChoices):
    """What a tenant user is in its sub-account."""

    ADMIN = "admin"
    MANAGER = "manager"
    USER = "user"
    SYSTEM = "system", "system (ONBOARDING's own)"
