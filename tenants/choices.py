"""The vocabularies of tenants."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class WorkStatus(models.TextChoices):
    """Where a piece of background work stands."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")

    @property
    def is_over(self) -> bool:
        return self in (WorkStatus.DONE, WorkStatus.FAILED)
