"""Actions of the console on more rows than one request should hold."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from loctelli.database.constraints import one_of
from loctelli.database.fields import CuidField, ForeignKey, StringField
from loctelli.database.models import StampedModel
from tenants.access import Access, Recording
from tenants.choices import WorkStatus


class BackgroundAction(StampedModel):
    """What an admin asked for, and how far it has come. The rows themselves record who changed them."""

    access: ClassVar[Access] = Access.SYSTEM
    recording: ClassVar[Recording] = Recording.NEVER

    id = CuidField()
    # An admin who is gone does nothing more: what they had begun goes along.
    admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)

    title = StringField()
    model = StringField()
    action = StringField()
    values = models.JSONField(default=dict, help_text=_("What was filled in beside the action."))

    status = StringField(choices=WorkStatus, default=WorkStatus.WAITING, db_default=WorkStatus.WAITING.value)
    total = models.IntegerField()
    done = models.IntegerField(default=0, db_default=0)
    changed = models.IntegerField(default=0, db_default=0)
    refusals = models.JSONField(default=dict, help_text=_("Why rows were left as they are, and how many."))
    error = models.TextField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "background_actions"
        default_related_name = "background_actions"
        constraints = [one_of("status", WorkStatus, name="background_actions_status")]
        indexes = [
            # One admin's, newest first, and what goes with a deleted admin.
            models.Index(fields=["admin", "-created_at"], name="background_actions_admin"),
            # What the pruning job deletes.
            models.Index(fields=["created_at"], name="background_actions_age"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_over(self) -> bool:
        return WorkStatus(self.status).is_over

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 100


class BackgroundActionPart(models.Model):
    """The keys of some of the rows that are still to be acted on; deleted in the transaction that acts on them."""

    access: ClassVar[Access] = Access.SYSTEM
    recording: ClassVar[Recording] = Recording.NEVER

    action = ForeignKey(BackgroundAction, on_delete=models.CASCADE)
    keys = ArrayField(models.TextField())

    class Meta:
        db_table = "background_action_parts"
        default_related_name = "parts"
        indexes = [
            # What is still to be done of one action.
            models.Index(fields=["action", "id"], name="background_action_parts_next"),
        ]

    def __str__(self) -> str:
        return f"{len(self.keys)} rows of {self.action_id}"
