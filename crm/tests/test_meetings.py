"""When meetings start, and which of them are still to come."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.meetings import starts_at, to_come
from crm.models import Booking
from crm.tests.factories import BookingFactory, LeadFactory
from tenants.scope import system_scope

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def lead(cast):
    with system_scope("test"):
        return LeadFactory(strategy=cast.acme_strategy)


def booked(lead, details, **fields):
    return BookingFactory(lead=lead, details=details, **fields)


@pytest.mark.parametrize(
    ("details", "start"),
    [
        ({"date": "2027-01-16", "time": "10:00"}, datetime(2027, 1, 16, 15, tzinfo=UTC)),
        ({"date": "2027-01-16", "time": "10:00", "timezone": "Europe/Berlin"}, datetime(2027, 1, 16, 9, tzinfo=UTC)),
        ({"date": "2027-01-16", "time": "10:00", "timezone": "Moon/Base"}, datetime(2027, 1, 16, 15, tzinfo=UTC)),
        ({"date": "2027-01-16T10:00:00Z"}, datetime(2027, 1, 16, 10, tzinfo=UTC)),
        ({"date": "2027-01-16"}, datetime(2027, 1, 16, 5, tzinfo=UTC)),
        ({"date": "tomorrow", "time": "10:00"}, None),
        ({"date": 20270116}, None),
        ({"date": "9999-99-99"}, None),
        ({"date": "2027-01-16", "time": ["10:00"]}, None),
        ({}, None),
    ],
)
def test_a_meeting_starts_when_its_details_say_in_its_persons_time_zone(details, start, lead):
    with system_scope("test"):
        assert starts_at(booked(lead, details)) == start


def test_meetings_to_come_are_told_soonest_first_whatever_their_time_zones(lead):
    with system_scope("test"):
        late = booked(lead, {"date": "2027-01-16", "time": "09:00", "timezone": "America/Los_Angeles"})
        soon = booked(lead, {"date": "2027-01-16", "time": "10:00", "timezone": "Asia/Tokyo"}, status="confirmed")
        booked(lead, {"date": "2027-01-15", "time": "06:00"})
        booked(lead, {"date": "2027-01-17", "time": "06:00"}, status="cancelled")
        booked(lead, {"date": "sometime"})

        found = to_come(Booking.objects.all(), now=NOW, most=8)

    assert [booking.pk for _, booking in found] == [soon.pk, late.pk]
    assert found[0][0] - NOW == timedelta(hours=13)


def test_a_date_of_any_length_can_be_stored(lead):
    """The index holds the first ten characters alone."""
    with system_scope("test"):
        assert booked(lead, {"date": "x" * 100_000}).pk is not None
