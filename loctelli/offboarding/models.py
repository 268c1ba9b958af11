"""Sub-accounts that are closed: how far it has come, and the archive of what was in them."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loctelli.database.constraints import one_of
from loctelli.database.fields import CuidField, ForeignKey, StringField
from loctelli.database.models import StampedModel
from loctelli.offboarding.choices import ClosingStatus
from security.platform_secrets import SEALED_PATTERN, PlatformSecretField
from tenants.access import Access, Recording


class Closing(StampedModel):
    """The closing of a sub-account. It outlives the sub-account, so it holds its number without a reference."""

    access: ClassVar[Access] = Access.SYSTEM
    recording: ClassVar[Recording] = Recording.NEVER

    id = CuidField()
    # Under another name than rows of a sub-account have: this one is the platform's, like what refers to it.
    sub_account_number = models.BigIntegerField()
    sub_account_name = StringField()
    about = models.JSONField(help_text=_("The sub-account's own row."))
    admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)

    status = StringField(
        choices=ClosingStatus, default=ClosingStatus.EXPORTING, db_default=ClosingStatus.EXPORTING.value
    )
    # What a first export has missed, for it was written meanwhile, is exported in another round.
    round = models.IntegerField(default=0, db_default=0)
    total = models.IntegerField()
    exported = models.IntegerField(default=0, db_default=0)
    removed = models.IntegerField(default=0, db_default=0)
    error = models.TextField(null=True)
    closed_at = models.DateTimeField(null=True)
    archive_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "subaccount_closings"
        default_related_name = "closings"
        constraints = [
            one_of("status", ClosingStatus, name="subaccount_closings_status"),
            # Of two who close it at once, one does.
            models.UniqueConstraint(fields=["sub_account_number"], name="subaccount_closings_once"),
        ]
        indexes = [
            # What the pruning job looks for.
            models.Index(fields=["archive_until"], name="subaccount_closings_archive"),
        ]

    def __str__(self) -> str:
        return gettext("Closing of %(name)s") % {"name": self.sub_account_name}

    @property
    def sub_account_id(self) -> int:
        """Whose audit trail tells of it."""
        return self.sub_account_number

    @property
    def is_over(self) -> bool:
        return self.status == ClosingStatus.CLOSED

    @property
    def is_cancellable(self) -> bool:
        """Whether everything is still there."""
        return not self.is_over and self.removed == 0


class ArchivePart(models.Model):
    """Some rows of one table as JSON lines, compressed and sealed under the key ring, and the keys of these rows."""

    access: ClassVar[Access] = Access.SYSTEM
    recording: ClassVar[Recording] = Recording.NEVER

    id = CuidField()
    number = models.BigIntegerField(help_text=_("In which order the parts were made, and are removed."))
    closing = ForeignKey(Closing, on_delete=models.CASCADE)

    round = models.IntegerField()
    model = StringField()
    keys = ArrayField(models.TextField())
    lines = PlatformSecretField()
    verified_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "subaccount_archive_parts"
        default_related_name = "parts"
        constraints = [
            models.CheckConstraint(condition=Q(lines__regex=SEALED_PATTERN), name="subaccount_archive_parts_sealed"),
            # Also finds a closing's parts in order.
            models.UniqueConstraint(fields=["closing", "number"], name="subaccount_archive_parts_order"),
        ]

    def __str__(self) -> str:
        return f"{len(self.keys)} {self.model}"
