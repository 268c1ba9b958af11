"""The vocabularies of leads, bookings and contact submissions."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LeadStatus(models.TextChoices):
    """Where a lead stands. A sub-account's settings may add stages of its own, so the column is open text."""

    LEAD = "lead", _("Lead")
    ACTIVE = "active", _("Active")
    INACTIVE = "inactive", _("Inactive")
    QUALIFIED = "qualified", _("Qualified")
    DISQUALIFIED = "disqualified", _("Disqualified")
    BOOKED = "booked", _("Booked")
    CLOSED = "closed", _("Closed")


class MatchBy(models.TextChoices):
    """What tells which lead a row of a bulk call is about."""

    ID = "id"
    CUSTOM_ID = "custom_id"
    EMAIL = "email"


class Outcome(models.TextChoices):
    """What became of a row of a bulk call."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"


class BookingStatus(models.TextChoices):
    """Where a booking stands."""

    PENDING = "pending", _("Pending")
    CONFIRMED = "confirmed", _("Confirmed")
    CANCELLED = "cancelled", _("Cancelled")
    COMPLETED = "completed", _("Completed")
    NO_SHOW = "no_show", _("No Show")


class BookingType(models.TextChoices):
    """What a booking is for."""

    CONSULTATION = "consultation", _("Consultation")
    MEETING = "meeting", _("Meeting")
    DEMO = "demo", _("Demo")


class ContactStatus(models.TextChoices):
    """Where a contact submission stands."""

    NEW = "NEW", _("New")
    CONTACTED = "CONTACTED", _("Contacted")
    QUALIFIED = "QUALIFIED", _("Qualified")
    PROPOSAL_SENT = "PROPOSAL_SENT", _("Proposal Sent")
    CLOSED_WON = "CLOSED_WON", _("Closed Won")
    CLOSED_LOST = "CLOSED_LOST", _("Closed Lost")
    UNRESPONSIVE = "UNRESPONSIVE", _("Unresponsive")

    @property
    def is_closed(self) -> bool:
        return self in (ContactStatus.CLOSED_WON, ContactStatus.CLOSED_LOST)

    @property
    def is_followed_up(self) -> bool:
        """Whether somebody has been in touch with the person."""
        return self is not ContactStatus.NEW


class Priority(models.TextChoices):
    """How urgent a submission is."""

    LOW = "LOW", _("Low")
    MEDIUM = "MEDIUM", _("Medium")
    HIGH = "HIGH", _("High")
    URGENT = "URGENT", _("Urgent")
