"""Leads, bookings and contact submissions for tests; a child belongs to its parent's sub-account."""

import factory

from agents.tests.factories import StrategyFactory
from crm.models import Booking, ContactSubmission, Lead
from tenants.tests.factories import SubAccountFactory


class LeadFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Lead

    name = factory.Sequence(lambda number: f"Lead {number}")
    email = factory.Sequence(lambda number: f"lead{number}@customer.example")
    strategy = factory.SubFactory(StrategyFactory)
    regular_user = factory.SelfAttribute("strategy.regular_user")
    sub_account = factory.SelfAttribute("strategy.sub_account")


class BookingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Booking

    lead = factory.SubFactory(LeadFactory)
    regular_user = factory.SelfAttribute("lead.regular_user")
    sub_account = factory.SelfAttribute("lead.sub_account")
    booking_type = "meeting"
    details = factory.LazyFunction(lambda: {"date": "2027-01-15", "time": "10:00", "location": "Zoom"})


class ContactSubmissionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ContactSubmission

    full_name = factory.Sequence(lambda number: f"Person {number}")
    email = factory.Sequence(lambda number: f"person{number}@customer.example")
    phone = "+1 212 555 0100"
    services = "Consulting"
    sub_account = factory.SubFactory(SubAccountFactory)
