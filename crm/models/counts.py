"""Counts kept for the console's first page, which never counts a big table itself; `crm.counts` writes them."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tenants.access import Access, Recording

EVERYBODY = 0


class DailyCount(models.Model):
    """What came about in one sub-account on one day of UTC; the number EVERYBODY stands for all of them together."""

    access: ClassVar[Access] = Access.SYSTEM
    recording: ClassVar[Recording] = Recording.NEVER

    sub_account_id = models.BigIntegerField()
    day = models.DateField()

    leads = models.IntegerField(help_text=_("Leads that were created."))
    conversations = models.IntegerField(help_text=_("Leads that a message was exchanged with."))
    bookings = models.IntegerField(help_text=_("Bookings that were made."))

    class Meta:
        db_table = "daily_counts"
        default_related_name = "daily_counts"
        constraints = [models.UniqueConstraint(fields=["sub_account_id", "day"], name="daily_counts_day")]

    def __str__(self) -> str:
        return f"{self.sub_account_id} on {self.day}"


class SubAccountCount(models.Model):
    """How much a sub-account holds, and when something last happened in it; EVERYBODY stands for all of them."""

    access: ClassVar[Access] = Access.SYSTEM
    recording: ClassVar[Recording] = Recording.NEVER

    sub_account_id = models.BigIntegerField(unique=True)

    users = models.BigIntegerField()
    strategies = models.BigIntegerField()
    leads = models.BigIntegerField()
    bookings = models.BigIntegerField()
    last_activity_at = models.DateTimeField(null=True)
    counted_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "sub_account_counts"
        default_related_name = "sub_account_counts"

    def __str__(self) -> str:
        return f"Counts of {self.sub_account_id}"
