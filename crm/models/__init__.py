"""Leads, their bookings, and the people who wrote through a contact form."""

from crm.models.bookings import Booking
from crm.models.contacts import ContactSubmission
from crm.models.counts import DailyCount, SubAccountCount
from crm.models.leads import Lead

__all__ = ["Booking", "ContactSubmission", "DailyCount", "Lead", "SubAccountCount"]
