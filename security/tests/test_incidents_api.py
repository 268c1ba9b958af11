"""Incidents over the API: read by a sub-account's admins, and by nobody else."""

import pytest
from django.apps import apps

from security.models import SecurityIncident
from security.tests.factories import SecurityIncidentFactory
from tenants.scope import system_scope

INCIDENTS = "/api/v1/security-incidents/"


@pytest.fixture
def incident(cast) -> SecurityIncident:
    with system_scope("test"):
        SecurityIncidentFactory(sub_account_id=None, description="The platform's own.")
        SecurityIncidentFactory(sub_account_id=cast.globex.pk, description="Another's.")
        return SecurityIncidentFactory(sub_account_id=cast.acme.pk, lead_id=7, metadata={"score": 0.9})


def test_admins_read_the_incidents_of_their_own_business(incident, as_alice):
    listed = as_alice.get(f"{INCIDENTS}?count=true").json()

    assert (listed["count"], [found["id"] for found in listed["results"]]) == (1, [incident.pk])
    assert as_alice.get(f"{INCIDENTS}{incident.pk}/").json()["metadata"] == {"score": 0.9}


def test_an_incident_of_another_or_of_the_platform_is_not_found(incident, as_alice):
    with system_scope("test"):
        others = list(SecurityIncident.objects.exclude(pk=incident.pk).values_list("pk", flat=True))

    assert [as_alice.get(f"{INCIDENTS}{pk}/").status_code for pk in others] == [404, 404]


def test_nobody_writes_an_incident(incident, as_alice):
    address = f"{INCIDENTS}{incident.pk}/"

    writes = [as_alice.post(INCIDENTS, {}), as_alice.patch(address, {"resolved": True}), as_alice.delete(address)]

    assert [answer.status_code for answer in writes] == [405, 405, 405]


@pytest.mark.parametrize("role", ["user", "manager"])
def test_only_admins_read_incidents(role, cast, incident, sign_in):
    with system_scope("test"):
        person = apps.get_model("accounts.User").objects.create(
            name="Bob", email="bob@acme.example", password="!", role=role, sub_account=cast.acme
        )

    as_bob = sign_in(person)

    assert [as_bob.get(path).status_code for path in (INCIDENTS, f"{INCIDENTS}{incident.pk}/")] == [403, 403]


def test_incidents_are_filtered(cast, incident, as_alice):
    with system_scope("test"):
        SecurityIncidentFactory(sub_account_id=cast.acme.pk, severity="LOW", resolved=True)

    def found(query: str) -> list[str]:
        return [row["severity"] for row in as_alice.get(f"{INCIDENTS}?{query}").json()["results"]]

    assert found("ordering=created_at") == ["HIGH", "LOW"]
    assert found("resolved=false") == ["HIGH"]
    assert found("severity__in=LOW,CRITICAL") == ["LOW"]
    assert found("lead_id=7&type=PROMPT_INJECTION") == ["HIGH"]
