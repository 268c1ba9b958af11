"""What is done with leads beyond one row."""

from typing import Any

from django.db import transaction

from accounts.models import User
from crm.models import Booking, Lead


def create_lead(*, booking: dict[str, Any] | None = None, is_last: bool = False, **fields: Any) -> Lead:
    """Create a lead and, in the same transaction, its first booking when one is given; return the lead.

    The booking is with the lead's own person unless it names another `regular_user`. `is_last` says that nothing else
    is asked in the transaction, which may end along with it.
    """
    if booking is None:
        return Lead.insert_last(**fields) if is_last else Lead.insert(**fields)
    with transaction.atomic(savepoint=False):
        lead = Lead.insert(**fields)
        first_booking(lead, **booking).save()
    return lead


def first_booking(lead: Lead, *, regular_user: User | None = None, **fields: Any) -> Booking:
    """Return the booking that a lead is made with, unsaved: with the lead's own person unless it names another."""
    return Booking(lead=lead, regular_user=regular_user or lead.regular_user, **fields)
