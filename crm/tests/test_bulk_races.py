"""Bulk calls at once: however they meet, nothing is doubled, lost or deadlocked."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from crm.models import Lead
from crm.tests.bulk_calls import BULK
from crm.tests.factories import LeadFactory
from loctelli.tests.cast import client_of
from tenants.scope import system_scope

CALLS = 6


def send_at_once(user, bodies: list[tuple[str, dict]]) -> list:
    """Send each body to its address, all at the same moment, each on a connection of its own."""
    barrier, clients = Barrier(len(bodies)), [client_of(user) for _ in bodies]

    def send(client, address: str, body: dict):
        try:
            barrier.wait()
            return client.post(address, body)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(bodies)) as pool:
        calls = [pool.submit(send, client, *body) for client, body in zip(clients, bodies, strict=True)]
        return [call.result() for call in calls]


@pytest.mark.parametrize("match_by", ["custom_id", "email"])
def test_of_calls_that_bring_the_same_people_one_makes_them(match_by, transactional_db, cast):
    rows = [
        {
            "name": f"Lead {number}", "custom_id": f"crm-{number}", "email": f"{number}@customer.example",
            "regular_user_id": cast.alice.pk, "strategy_id": cast.acme_strategy.pk,
        }
        for number in range(20)
    ]  # fmt: skip
    # In different orders, as two sources would have them.
    bodies = [(BULK, {"leads": rows[turn:] + rows[:turn], "match_by": match_by}) for turn in range(CALLS)]

    answers = send_at_once(cast.alice, bodies)

    assert [answer.status_code for answer in answers] == [200] * CALLS
    found = Counter(result["outcome"] for answer in answers for result in answer.json()["results"])
    assert found == {"created": 20, "unchanged": 20 * (CALLS - 1)}
    with system_scope("test"):
        assert sorted(Lead.objects.values_list("name", flat=True)) == sorted(row["name"] for row in rows)


def test_calls_that_change_the_same_leads_in_other_orders_wait_and_none_is_lost(transactional_db, cast):
    with system_scope("test"):
        keys = [LeadFactory(strategy=cast.acme_strategy).pk for _ in range(20)]
    fields = ["company", "position", "notes", "phone", "custom_id", "name"]
    bodies = [
        (BULK, {"leads": [{"id": key, field: f"by call {turn}"} for key in (keys[turn:] + keys[:turn])]})
        for turn, field in enumerate(fields)
    ]

    answers = send_at_once(cast.alice, bodies)

    assert [answer.json()["counts"]["updated"] for answer in answers] == [20] * len(fields)
    with system_scope("test"):
        for lead in Lead.objects.filter(pk__in=keys):
            assert [getattr(lead, field) for field in fields] == [f"by call {turn}" for turn in range(len(fields))]


def test_of_deletions_that_counted_the_same_leads_one_deletes_them(transactional_db, cast):
    with system_scope("test"):
        for _ in range(10):
            LeadFactory(status="closed", strategy=cast.acme_strategy)
        LeadFactory(status="lead", strategy=cast.acme_strategy)
    body = ("/api/v1/leads/bulk-delete/?status=closed", {"dry_run": False, "expected_count": 10})

    answers = send_at_once(cast.alice, [body] * 4)

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    with system_scope("test"):
        assert list(Lead.objects.values_list("status", flat=True)) == ["lead"]


def test_a_lead_that_leaves_the_filter_meanwhile_is_not_changed_unseen(transactional_db, cast):
    with system_scope("test"):
        keys = [LeadFactory(status="active", strategy=cast.acme_strategy).pk for _ in range(10)]
    address, counted = "/api/v1/leads/bulk-update/?status=active", {"dry_run": False, "expected_count": 10}
    bodies = [
        (address, {"changes": {"status": "inactive"}, **counted}),
        (address, {"changes": {"status": "closed"}, **counted}),
        (BULK, {"leads": [{"id": keys[-1], "status": "booked"}]}),
    ]

    first, second, single = send_at_once(cast.alice, bodies)

    with system_scope("test"):
        found = Counter(Lead.objects.values_list("status", flat=True))
    assert single.status_code == 200
    # One at most of the two found all ten as counted; whichever did, changed them all, and nobody a part.
    assert sorted((first.status_code, second.status_code)) in ([200, 409], [409, 409])
    assert found in ({"inactive": 10}, {"closed": 10}, {"inactive": 9, "booked": 1}, {"closed": 9, "booked": 1},
                     {"active": 9, "booked": 1})  # fmt: skip
