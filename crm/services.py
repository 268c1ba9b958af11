"""What is done with leads beyond one row."""

from typing import Any

from django.db import transaction

from accounts.models import User
from crm.models import Booking, Lead


@transaction.atomic
def create_lead(*, booking: dict[str, Any] | None = None, **fields: Any) -> Lead:
    """Create a lead and, in the same transaction, its first booking when one is given; return the lead.

    The booking is with the lead's own person unless it names another `regular_user`.
    """
    lead = Lead.objects.create(**fields)
    if booking is not None:
        person: User = booking.pop("regular_user", None) or lead.regular_user
        Booking.objects.create(lead=lead, regular_user=person, **booking)
    return lead
