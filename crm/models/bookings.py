"""Bookings: the meetings that come of it."""

from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _

from crm.choices import BookingStatus, BookingType
from crm.shapes import BOOKING_DETAILS
from loctelli.database.fields import ForeignKey, JSONField, StringField
from loctelli.database.models import StampedModel
from tenants.models import TenantModel
from tenants.search import SearchIndex


class Booking(TenantModel, StampedModel):
    """A meeting with one person of the sub-account, usually of a lead. It outlives the lead."""

    regular_user = ForeignKey("accounts.User", on_delete=models.CASCADE)
    lead = ForeignKey("crm.Lead", on_delete=models.SET_NULL, null=True, blank=True)

    booking_type = StringField(choices=BookingType)
    details = JSONField(
        shape=BOOKING_DETAILS, help_text=_("Date, time, location and what else belongs to the meeting.")
    )
    status = StringField(choices=BookingStatus, default=BookingStatus.PENDING, db_default=BookingStatus.PENDING.value)

    search_index = SearchIndex(searches=("lead.name", "lead.email", "lead.phone", "lead.company"), through="lead")

    class Meta(TenantModel.Meta):
        db_table = "bookings"
        default_related_name = "bookings"
        indexes = [
            # One person's bookings, and what goes with a deleted person.
            models.Index(fields=["regular_user", "id"], name="bookings_regular_user"),
            # One lead's bookings, and what a deleted lead leaves behind.
            models.Index(fields=["lead", "id"], name="bookings_lead"),
            # A sub-account's bookings by date, by last change, and those of one status.
            models.Index(fields=["sub_account", "created_at", "id"], name="bookings_newest"),
            models.Index(fields=["sub_account", "updated_at", "id"], name="bookings_changed"),
            models.Index(fields=["sub_account", "status", "id"], name="bookings_status"),
            # What comes next over all sub-accounts; no more of what stands for a date than an index can hold.
            models.Index(
                Left(KeyTextTransform("date", "details"), 10),
                condition=Q(status__in=[BookingStatus.PENDING.value, BookingStatus.CONFIRMED.value]),
                name="bookings_to_come",
            ),
            # The console's list over all sub-accounts, newest first, and what was made in the last days, to count it.
            models.Index(fields=["created_at", "id"], name="bookings_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_booking_type_display()} {self.pk}"
