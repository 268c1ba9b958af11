"""Storms: many small refusals that are one attack become one incident."""

import pytest
from django.test import override_settings

from security import throttling
from security.choices import AccountType
from security.models import AuthAttempt
from security.storms import look_for_lockout_storm
from security.tests.test_incidents import all_incidents
from tenants.scope import system_scope


def fail(email: str, address: str) -> None:
    with system_scope("test"):
        AuthAttempt.objects.create(
            email=email, account_type="user", success=False, failure_reason="invalid_credentials", ip_address=address
        )
        look_for_lockout_storm(account_type=AccountType.USER, email=email, ip_address=address)


@pytest.mark.django_db
@override_settings(LOCKOUT_STORM_THRESHOLD=3)
def test_many_accounts_from_one_address_are_a_storm():
    for number in range(2):
        fail(f"person{number}@x.example", "192.0.2.1")
    assert all_incidents() == []

    fail("person2@x.example", "192.0.2.1")

    (incident,) = all_incidents()
    assert (incident.type, incident.metadata["address"]) == ("LOCKOUT_STORM", "192.0.2.1")


@pytest.mark.django_db
@override_settings(LOCKOUT_STORM_THRESHOLD=3)
def test_one_account_from_many_addresses_is_a_storm_and_from_one_is_none():
    for _ in range(5):
        fail("alice@x.example", "192.0.2.1")
    assert all_incidents() == []

    for number in range(2, 4):
        fail("alice@x.example", f"192.0.2.{number}")

    (incident,) = all_incidents()
    assert (incident.type, incident.metadata["email"]) == ("LOCKOUT_STORM", "alice@x.example")


@pytest.mark.django_db
@override_settings(THROTTLE_STORM_FACTOR=3)
def test_going_on_after_being_throttled_is_a_storm_once_a_window():
    rate = throttling.Rate(2, 60)

    for _ in range(6):
        throttling.hit("test:storm", rate)
    assert all_incidents() == []
    for _ in range(6):
        throttling.hit("test:storm", rate)

    (incident,) = all_incidents()
    assert (incident.type, incident.metadata["count"]) == ("THROTTLE_STORM", 1)
    assert incident.metadata["throttle"] == "test:storm"
