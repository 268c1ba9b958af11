"""What each kind of API call costs in round trips to the database, exactly: distance makes each one felt."""

import itertools

import pytest

from crm.models import Lead
from crm.tests.factories import BookingFactory, LeadFactory
from loctelli.tests.cast import client_of
from loctelli.tests.round_trips import MEASURED, UNTIL_PREPARED, cost_of, over_a_link
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db(transaction=True)

LEADS = "/api/v1/leads/"
# A plain read is one: throttle, binding, who asks and what they ask for travel together, for it is known beforehand
# what to read, and nothing of it is shown before the rest is answered. Every other call begins with one for throttle,
# BEGIN, binding, who asks and, where it is known, what it refers to and which row it locks, and ends with COMMIT, which
# travels with the INSERT of what is made unless an answer is to be kept beside it.
COSTS = {
    "list": 1,
    "filtered and ordered list": 3,
    "counted list": 1,
    "search": 4,
    "detail": 1,
    "detail with includes": 1,
    "own profile": 1,
    "create": 2,
    "create with an idempotency key": 3,
    "update": 3,
    "delete": 4,
}


@pytest.fixture
def lead(cast) -> Lead:
    with system_scope("test"):
        lead = LeadFactory(strategy=cast.acme_strategy, regular_user=cast.alice)
        BookingFactory(lead=lead, regular_user=cast.alice)
        return lead


@pytest.fixture
def doomed(cast) -> list[int]:
    with system_scope("test"):
        return [lead.pk for lead in LeadFactory.create_batch(UNTIL_PREPARED + MEASURED, strategy=cast.acme_strategy)]


def test_calls_cost_exactly_these_round_trips(alice, lead, doomed):
    api = client_of(alice)
    body = {"name": "Zoë", "regular_user_id": alice.pk, "strategy_id": lead.strategy_id}
    keys, ids = map(str, itertools.count()), iter(doomed)
    calls = {
        "list": lambda: api.get(LEADS),
        "filtered and ordered list": lambda: api.get(f"{LEADS}?status=lead&ordering=-created_at"),
        "counted list": lambda: api.get(f"{LEADS}?count=true"),
        "search": lambda: api.get(f"{LEADS}?search=zoë"),
        "detail": lambda: api.get(f"{LEADS}{lead.pk}/"),
        "detail with includes": lambda: api.get(f"{LEADS}{lead.pk}/?include=regular_user,strategy,bookings"),
        "own profile": lambda: api.get("/api/v1/me/"),
        "create": lambda: api.post(LEADS, body),
        "create with an idempotency key": lambda: api.post(LEADS, body, headers={"Idempotency-Key": next(keys)}),
        "update": lambda: api.patch(f"{LEADS}{lead.pk}/", {"notes": f"Called {next(keys)} times."}),
        "delete": lambda: api.delete(f"{LEADS}{next(ids)}/"),
    }

    with over_a_link() as link:
        costs = {name: cost_of(call, link) for name, call in calls.items()}

    assert costs == COSTS
