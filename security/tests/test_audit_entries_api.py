"""The audit trail over the API: admins read their business's."""

import pytest

from accounts.tests.factories import UserFactory
from crm.models import Lead
from crm.tests.factories import LeadFactory
from loctelli.api import sparse
from tenants.scope import acting, system_scope
from tenants.trail.changes import ONE_BY_ONE

LEADS, ENTRIES = "/api/v1/leads/", "/api/v1/audit-entries/"


def test_admins_read_and_filter_the_trail_of_their_business(cast, lead, as_alice, as_mallory):
    as_alice.patch(f"{LEADS}{lead.pk}/", {"status": "closed"})

    def found(query: str) -> list[tuple[str, str]]:
        answer = as_alice.get(f"{ENTRIES}?{query}")
        assert answer.status_code == 200
        return [(row["action"], row["model"]) for row in answer.json()["results"]]

    of_lead = f"model=crm.lead&object_id={lead.pk}"
    assert found(of_lead) == [("update", "crm.lead"), ("create", "crm.lead")]
    assert found(f"actor_type=user&actor_id={cast.alice.pk}") == [("update", "crm.lead")]
    assert found(f"{of_lead}&action=create") == [("create", "crm.lead")]
    assert found(f"{of_lead}&created_at__lt=2020-01-01T00:00:00Z") == []
    (update,) = as_alice.get(f"{ENTRIES}?{of_lead}&action=update").json()["results"]
    assert update["changes"] == {"status": ["lead", "closed"]}
    assert update["address"] == "127.0.0.1"
    assert as_alice.get(f"{ENTRIES}{update['id']}/").json() == update
    assert as_mallory.get(f"{ENTRIES}{update['id']}/").status_code == 404
    assert as_mallory.get(f"{ENTRIES}?{of_lead}").json()["results"] == []


def test_a_thing_that_is_one_of_very_many_is_found_by_its_id(cast, lead, as_alice, as_mallory):
    with system_scope("test"):
        LeadFactory.create_batch(ONE_BY_ONE, strategy=cast.acme_strategy)
        LeadFactory.create_batch(ONE_BY_ONE + 1, strategy=cast.globex_strategy)
        Lead.objects.update(status="closed")

    answer = as_alice.get(f"{ENTRIES}?model=crm.lead&object_id={lead.pk}")
    foreign = as_mallory.get(f"{ENTRIES}?model=crm.lead&object_id={lead.pk}")

    assert [(row["action"], row["object_id"], row["rows"]) for row in answer.json()["results"]] == [
        ("update", "", ONE_BY_ONE + 1),
        ("create", str(lead.pk), 1),
    ]
    assert foreign.json()["results"] == []


@pytest.mark.parametrize("narrow", ["model=crm.lead", "actor_type=system", "actor_id=1", "action=delete"])
def test_a_long_trail_is_not_read_through_for_what_is_rare_in_it(lead, as_alice, narrow, monkeypatch):
    for status in ("active", "closed", "booked"):
        as_alice.patch("/api/v1/me/", {"company": status})
    monkeypatch.setattr(sparse, "SIDE_BY_SIDE", 1)

    short = as_alice.get(f"{ENTRIES}?{narrow}")
    monkeypatch.setattr(sparse, "MAX_READ_THROUGH", 2)
    long = as_alice.get(f"{ENTRIES}?{narrow}")
    of_one = as_alice.get(f"{ENTRIES}?{narrow}&object_id={lead.pk}")
    of_a_time = as_alice.get(f"{ENTRIES}?{narrow}&created_at__lt=2020-01-01T00:00:00Z")

    assert (short.status_code, of_one.status_code, of_a_time.status_code) == (200, 200, 200)
    assert long.status_code == 400
    assert [(error["path"], error["code"]) for error in long.json()["errors"]] == [
        (narrow.partition("=")[0], "too_broad")
    ]


def test_what_a_long_trail_is_full_of_is_read_page_by_page(as_alice, monkeypatch):
    for number in range(6):
        as_alice.patch("/api/v1/me/", {"company": f"Company {number}"})
    monkeypatch.setattr(sparse, "MAX_READ_THROUGH", 2)
    found, url = [], f"{ENTRIES}?action=update&page_size=2"

    while url:
        page = as_alice.get(url).json()
        found += page["results"]
        url = page["next"]

    assert [entry["changes"]["company"][1] for entry in found] == [f"Company {number}" for number in range(5, -1, -1)]


def test_a_platform_admin_s_address_is_not_told(cast, lead, ada, as_alice):
    with acting(address="203.0.113.9", type="admin", id=ada.pk, name=ada.name), system_scope("console"):
        Lead.objects.filter(pk=lead.pk).update(status="closed")

    (row,) = as_alice.get(f"{ENTRIES}?actor_type=admin").json()["results"]
    assert (row["actor_name"], row["address"]) == (ada.name, None)


def test_nobody_writes_over_the_api_and_only_admins_read(cast, entry, as_alice, sign_in):
    address = f"{ENTRIES}{entry.pk}/"
    writes = [as_alice.post(ENTRIES, {}), as_alice.patch(address, {"action": "delete"}), as_alice.delete(address)]
    assert [answer.status_code for answer in writes] == [405, 405, 405]

    with system_scope("test"):
        manager = UserFactory(role="manager", sub_account=cast.acme)
    assert [sign_in(manager).get(path).status_code for path in (ENTRIES, address)] == [403, 403]
