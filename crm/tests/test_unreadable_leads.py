"""What becomes of a lead whose last message was changed past Loctelli."""

import pytest
from django.db import connection

from crm.tests.factories import LeadFactory
from loctelli.tests.cast import client_of
from security.models import SecurityIncident
from tenants.scope import system_scope


@pytest.mark.django_db(transaction=True)
def test_reading_it_is_refused_and_one_incident(cast):
    with system_scope("test"):
        lead, other = (LeadFactory(strategy=cast.acme_strategy, last_message=text) for text in ("mine", "other"))
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE leads SET last_message = (SELECT last_message FROM leads WHERE id = %s) WHERE id = %s",
                [other.pk, lead.pk],
            )

    answer = client_of(cast.alice).get(f"/api/v1/leads/{lead.pk}/")

    assert (answer.status_code, answer.json()["code"]) == (409, "integrity_violation")
    with system_scope("test"):
        (incident,) = SecurityIncident.objects.all()
    assert (incident.metadata["row"], incident.metadata["count"]) == (lead.pk, 1)
