"""Bookings: the meetings that come of it."""

from django.db import models

from crm.choices import BookingStatus, BookingType
from loctelli.database.fields import ForeignKey, StringField
from loctelli.database.models import StampedModel
from tenants.models import TenantModel


class Booking(TenantModel, StampedModel):
    """A meeting with one person of the sub-account, usually of a lead. It outlives the lead."""

    regular_user = ForeignKey("accounts.User", on_delete=models.CASCADE)
    lead = ForeignKey("crm.Lead", on_delete=models.SET_NULL, null=True, blank=True)

    booking_type = StringField(choices=BookingType)
    details = models.JSONField(help_text="Date, time, location and what else belongs to the meeting.")
    status = StringField(choices=BookingStatus, default=BookingStatus.PENDING, db_default=BookingStatus.PENDING.value)

    class Meta(TenantModel.Meta):
        db_table = "bookings"
        default_related_name = "bookings"
        indexes = [
            # One person's bookings, and what goes with a deleted person.
            models.Index(fields=["regular_user", "id"], name="bookings_regular_user"),
            # One lead's bookings, and what a deleted lead leaves behind.
            models.Index(fields=["lead", "id"], name="bookings_lead"),
            # A sub-account's bookings by date, and those of one status.
            models.Index(fields=["sub_account", "created_at", "id"], name="bookings_newest"),
            models.Index(fields=["sub_account", "status", "id"], name="bookings_status"),
        ]

    def __str__(self) -> str:
        return f"{self.get_booking_type_display()} {self.pk}"
