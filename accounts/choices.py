"""The roles of both kinds of account."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AdminRole(models.TextChoices):
    """What a platform admin is."""

    ADMIN = "admin", _("Admin")
    SUPER_ADMIN = "super_admin", _("Super Admin")


class UserRole(models.TextChoices):
    """What a tenant user is in its sub-account."""

    ADMIN = "admin", _("Admin")
    MANAGER = "manager", _("Manager")
    USER = "user", _("User")
    SYSTEM = "system", _("system (ONBOARDING's own)")
