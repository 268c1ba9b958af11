"""The record of every attempt to sign in: its reason, and whether place and device are new."""

import pytest

from accounts import signing_in
from accounts.models import User
from accounts.tests.factories import PASSWORD
from accounts.tests.sign_in_cast import ADMIN, USER, change, enter, latest, try_in
from security.models import AuthAttempt, SecurityIncident
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patient(settings):
    settings.LOGIN_THROTTLE = settings.LOGIN_ACCOUNT_THROTTLE = "1000000/60"


def test_every_attempt_is_recorded_with_its_reason(cast):
    change(User, cast.mallory.pk, is_active=False)
    for _ in range(5):
        try_in(USER, cast.alice.email)
    try_in(USER, cast.alice.email, PASSWORD)
    try_in(USER, cast.mallory.email, PASSWORD)
    enter(ADMIN, cast.ada.email)

    with system_scope("test"):
        found = list(
            AuthAttempt.objects.order_by("created_at").values_list("account_type", "success", "failure_reason")
        )
    assert found == [
        *[("user", False, "invalid_credentials")] * 5,
        ("user", False, "account_locked"),
        ("user", False, "account_inactive"),
        ("admin", True, None),
    ]


@pytest.mark.parametrize(
    ("address", "is_new"),
    [
        ("203.0.113.250", False),
        ("203.0.114.7", True),
        ("2001:db8:1:ffff::1", False),
        ("2001:db8:2::1", True),
        ("unknown", True),
    ],
)
def test_a_place_is_new_in_another_network(alice, address, is_new):
    enter(USER, alice.email, address="203.0.113.7")
    enter(USER, alice.email, address="2001:db8:1::1")

    assert enter(USER, alice.email, address=address).is_new_location == is_new
    assert latest().is_new_location == is_new


def test_a_city_that_is_known_is_no_new_place(alice, monkeypatch):
    cities = {"203.0.113.7": "Springfield", "198.51.100.1": "Springfield", "192.0.2.1": "Shelbyville"}
    monkeypatch.setattr(signing_in, "locate", lambda address: {"city": cities[address], "country_code": "US"})
    enter(USER, alice.email, address="203.0.113.7")

    assert enter(USER, alice.email, address="198.51.100.1").is_new_location is False
    assert enter(USER, alice.email, address="192.0.2.1").is_new_location is True
    assert latest().geo_location == {"city": "Shelbyville", "country_code": "US"}


def test_a_device_is_new_without_a_token_and_with_another_user_agent(alice):
    token = enter(USER, alice.email, user_agent="Firefox").device_token

    assert enter(USER, alice.email, user_agent="Firefox").is_new_device is False
    assert enter(USER, alice.email, user_agent="Chrome", device_token=token).is_new_device is False
    assert enter(USER, alice.email, user_agent="Safari").is_new_device is True


def test_failures_are_compared_with_past_successes_too(alice):
    enter(USER, alice.email)

    try_in(USER, alice.email, address="192.0.2.1", user_agent="evil")

    assert (latest().is_new_device, latest().is_new_location) == (True, True)


def test_attempts_at_many_accounts_from_one_address_are_an_incident(cast, settings):
    settings.LOCKOUT_STORM_THRESHOLD = 3
    for email in ("nobody@x.example", cast.alice.email, cast.mallory.email):
        try_in(USER, email, address="192.0.2.1")

    with system_scope("test"):
        assert [row.type for row in SecurityIncident.objects.all()] == ["LOCKOUT_STORM"]
