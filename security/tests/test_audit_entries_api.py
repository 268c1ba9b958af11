"""The audit trail over the API: admins read their business's."""

from accounts.tests.factories import UserFactory
from crm.models import Lead
from crm.tests.factories import LeadFactory
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
