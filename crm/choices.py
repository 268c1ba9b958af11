"""The vocabularies of leads, bookings and contact submissions."""

from django.db import models


class LeadStatus(models.TextChoices):
    """Where a lead stands. A sub-account's settings may add stages of its own, so the column is open text."""

    LEAD = "lead"
    ACTIVE = "active"
    INACTIVE = "inactive"
    QUALIFIED = "qualified"
    DISQUALIFIED = "disqualified"
    BOOKED = "booked"
    CLOSED = "closed"


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

    PENDING = "pending"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    NO_SHOW = "no_show"


class BookingType(models.TextChoices):
    """What a booking is for."""

    CONSULTATION = "consultation"
    MEETING = "meeting"
    DEMO = "demo"


class ContactStatus(models.TextChoices):
    """Where a contact submission stands."""

    NEW = "NEW"
    CONTACTED = "CONTACTED"
    QUALIFIED = "QUALIFIED"
    PROPOSAL_SENT = "PROPOSAL_SENT"
    CLOSED_WON = "CLOSED_WON"
    CLOSED_LOST = "CLOSED_LOST"
    UNRESPONSIVE = "UNRESPONSIVE"

    @property
    def is_closed(self) -> bool:
        return self in (ContactStatus.CLOSED_WON, ContactStatus.CLOSED_LOST)

    @property
    def is_followed_up(self) -> bool:
        """Whether somebody has been in touch with the person."""
        return self is not ContactStatus.NEW


class Priority(models.TextChoices):
    """How urgent a submission is."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    URGENT = "URGENT"
