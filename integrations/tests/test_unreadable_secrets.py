"""A secret that was changed past Loctelli: an incident, an answer that says so, and a way out."""

import json

import pytest
from django.db import connection

from integrations.models import Integration
from integrations.tests.factories import IntegrationTemplateFactory
from loctelli.tests.console_cast import page, signed_in, text
from security.keys import DecryptionFailed
from security.models import SecurityIncident
from tenants.scope import system_scope, tenant_scope

INTEGRATIONS = "/api/v1/integrations/"
SCHEMA = {
    "type": "object",
    "properties": {
        "apiKey": {"type": "string", "secret": True},
        "oauth": {"type": "object", "properties": {"clientSecret": {"type": "string", "secret": True}}},
        "locationId": {"type": "string"},
    },
}
CONFIG = {"apiKey": "key-8Hq2", "oauth": {"clientSecret": "oauth-Zx41"}, "locationId": "loc_1"}


@pytest.fixture
def row(cast, as_alice) -> str:
    """The address of an integration whose secrets were swapped by somebody with the database."""
    with system_scope("test"):
        service = IntegrationTemplateFactory(config_schema=SCHEMA, created_by_admin=cast.ada)
    body = {"name": "CRM", "integration_template_id": service.pk, "config": CONFIG, "webhook_secret": "hook-77Lm"}
    pk = as_alice.post(INTEGRATIONS, body).json()["id"]
    with system_scope("test"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE integrations SET webhook_secret = config->>'apiKey', config = jsonb_set(jsonb_set("
            "config, '{apiKey}', config#>'{oauth,clientSecret}'), '{oauth,clientSecret}', config->'apiKey') "
            "WHERE id = %s",
            [pk],
        )
    return f"{INTEGRATIONS}{pk}/"


def incidents() -> list[SecurityIncident]:
    with system_scope("test"):
        return list(SecurityIncident.objects.order_by("created_at"))


def pk_of(row: str) -> int:
    return int(row.split("/")[-2])


def test_it_is_told_which_one_can_not_be_read_and_whose_and_where_is_an_incident(cast, as_alice, row):
    answer = as_alice.patch(row, {"config": {"locationId": "loc_2"}})

    assert (answer.status_code, answer.json()["code"]) == (409, "integrity_violation")
    assert [error["path"] for error in answer.json()["errors"]] == ["config.oauth.clientSecret"]
    (incident,) = incidents()
    assert (incident.type, incident.severity, incident.sub_account_id) == (
        "INTEGRITY_VIOLATION",
        "CRITICAL",
        cast.acme.pk,
    )
    named = {name: incident.metadata[name] for name in ("table", "column", "row")}
    assert named == {"table": "integrations", "column": "config.oauth.clientSecret", "row": pk_of(row)}


def test_a_call_that_needs_the_secrets_is_stopped_and_reported(cast, row):
    with pytest.raises(DecryptionFailed), tenant_scope(cast.acme.pk):
        Integration.objects.get(pk=pk_of(row)).revealed_config  # noqa: B018
    with pytest.raises(DecryptionFailed), tenant_scope(cast.acme.pk):
        Integration.objects.get(pk=pk_of(row)).webhook_secret  # noqa: B018

    (incident,) = incidents()
    assert incident.metadata["count"] == 2
    assert incident.metadata["others"]["column"] == ["webhook_secret"]


def test_it_is_still_listed_and_new_secrets_make_it_whole(cast, as_alice, row):
    listed = as_alice.get(row)
    renamed = as_alice.patch(row, {"name": "Ours"})

    healed = as_alice.patch(row, {"config": CONFIG, "webhook_secret": "hook-2"})

    assert (listed.status_code, listed.json()["config"]["apiKey"]) == (200, {"set": True})
    assert renamed.status_code == 200
    assert healed.status_code == 200, healed.content
    with tenant_scope(cast.acme.pk):
        integration = Integration.objects.get(pk=pk_of(row))
        assert (integration.revealed_config, integration.webhook_secret) == (CONFIG, "hook-2")


def test_the_console_says_so_at_the_field(cast, row):
    with system_scope("test"):
        masked = Integration.objects.get(pk=pk_of(row)).masked_config
    console, url = signed_in(cast.ada), page("integrations.integration", "change", pk_of(row))
    form = {"name": "CRM", "status": "pending", "config": json.dumps(masked | {"locationId": "loc_2"})}

    shown, saved = console.get(url), console.post(url, form)

    assert shown.status_code == 200
    assert (
        saved.status_code,
        "oauth, clientSecret: What is stored was changed outside of Loctelli" in text(saved),
    ) == (
        200,
        True,
    )
    assert len(incidents()) == 1


def test_without_its_key_nothing_is_read_and_that_is_an_incident_of_its_own(cast, as_alice, row):
    with system_scope("test"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM data_keys")
    from security.keys import data_keys

    data_keys.clear()

    answer = as_alice.patch(row, {"config": {"locationId": "loc_2"}})

    assert (answer.status_code, answer.json()["code"]) == (409, "key_unknown")
    assert [incident.description for incident in incidents()] == [
        "Something encrypted can't be read: its key is missing."
    ]
