"""Bookings over the API."""

import pytest

from accounts.choices import UserRole
from accounts.tests.factories import UserFactory
from crm.models import Booking
from crm.tests.factories import BookingFactory, LeadFactory
from loctelli.tests.cast import client_of
from tenants.scope import system_scope

BOOKINGS = "/api/v1/bookings/"


@pytest.fixture
def booking(cast) -> Booking:
    with system_scope("test"):
        return BookingFactory(lead=LeadFactory(name="Joan", strategy=cast.acme_strategy))


def new_booking(cast, **fields) -> dict:
    details = {"date": "2027-01-15", "time": "10:00"}
    return {"booking_type": "demo", "details": details, "regular_user_id": cast.alice.pk, **fields}


def errors_of(answer) -> list[tuple[str, str]]:
    return [(error["path"], error["code"]) for error in answer.json()["errors"]]


def test_a_booking_is_made_changed_and_deleted(cast, booking, as_alice):
    made = as_alice.post(BOOKINGS, new_booking(cast, lead_id=booking.lead_id))
    address = f"{BOOKINGS}{made.json()['id']}/"
    changed = as_alice.patch(address, {"status": "confirmed", "details": {"location": "Zoom"}})

    assert (made.status_code, made.json()["status"]) == (201, "pending")
    assert (changed.json()["status"], changed.json()["details"]) == ("confirmed", {"location": "Zoom"})
    assert as_alice.get(address).json() == changed.json()
    assert [as_alice.delete(address).status_code, as_alice.get(address).status_code] == [204, 404]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"booking_type": "party"}, ("booking_type", "invalid_choice")),
        ({"status": "done"}, ("status", "invalid_choice")),
        ({"details": "tomorrow"}, ("details", "not_an_object")),
        ({"details": None}, ("details", "null")),
        ({"lead_id": 10**9}, ("lead_id", "does_not_exist")),
        ({"regular_user_id": None}, ("regular_user_id", "null")),
    ],
)
def test_what_a_booking_can_not_be(fields, error, cast, as_alice):
    assert errors_of(as_alice.post(BOOKINGS, new_booking(cast, **fields))) == [error]


def test_a_booking_outlives_its_lead(cast, booking, as_alice):
    assert as_alice.delete(f"/api/v1/leads/{booking.lead_id}/").status_code == 204

    found = as_alice.get(f"{BOOKINGS}{booking.pk}/?include=lead").json()
    assert (found["lead_id"], found["lead"], found["sub_account_id"]) == (None, None, cast.acme.pk)


def test_a_booking_is_never_with_another_business_person_or_lead(cast, booking, as_mallory):
    foreign = as_mallory.post(BOOKINGS, {**new_booking(cast), "lead_id": booking.lead_id})

    assert errors_of(foreign) == [("regular_user_id", "does_not_exist"), ("lead_id", "does_not_exist")]


def test_bookings_are_filtered_ordered_and_paged(cast, booking, as_alice):
    with system_scope("test"):
        alone = BookingFactory(lead=None, regular_user=cast.alice, sub_account=cast.acme, status="no_show")

    def ids(query: str) -> list[int]:
        return [found["id"] for found in as_alice.get(f"{BOOKINGS}?{query}").json()["results"]]

    assert ids("") == [alone.pk, booking.pk]
    assert ids("ordering=id") == [booking.pk, alone.pk]
    assert ids(f"lead_id={booking.lead_id}") == [booking.pk]
    assert ids("lead_id__isnull=true") == [alone.pk]
    assert ids("status__in=no_show,cancelled") == [alone.pk]
    assert ids("booking_type=meeting&created_at__gte=2000-01-01T00:00:00Z") == [alone.pk, booking.pk]
    assert ids("created_at__lt=2000-01-01T00:00:00Z") == []
    page = as_alice.get(f"{BOOKINGS}?page_size=1&count=true&fields=id").json()
    following = as_alice.get(page["next"]).json()
    assert (page["count"], page["results"], page["previous"]) == (2, [{"id": alone.pk}], None)
    assert (following["results"], following["next"]) == ([{"id": booking.pk}], None)
    assert as_alice.get(following["previous"]).json()["results"] == page["results"]


def test_a_booking_includes_its_lead_and_the_leads_strategy(cast, booking, as_alice):
    found = as_alice.get(f"{BOOKINGS}{booking.pk}/?fields=id,lead.name,lead.strategy.name").json()

    assert found == {
        "id": booking.pk,
        "lead": {"name": "Joan", "strategy": {"name": cast.acme_strategy.name}},
    }
    assert as_alice.get(f"{BOOKINGS}?include=lead.strategy.regular_user").status_code == 400


def test_users_write_bookings_and_managers_delete_them(cast, booking):
    with system_scope("test"):
        as_user, as_manager = (
            client_of(UserFactory(sub_account=cast.acme, role=role)) for role in (UserRole.USER, UserRole.MANAGER)
        )
    address = f"{BOOKINGS}{booking.pk}/"

    assert as_user.patch(address, {"status": "completed"}).status_code == 200
    assert [client.delete(address).status_code for client in (as_user, as_manager)] == [403, 204]
