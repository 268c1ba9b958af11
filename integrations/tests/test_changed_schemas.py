"""Schemas that change under stored configurations: what becomes a secret, and what is none any more."""

import json

import pytest
from django.db import connection

from integrations.models import Integration, IntegrationTemplate
from integrations.tests.factories import IntegrationFactory, IntegrationTemplateFactory
from tenants.scope import system_scope

INTEGRATIONS = "/api/v1/integrations/"


@pytest.fixture
def stored(cast) -> Integration:
    """An integration whose token is no secret yet, and whose key is."""
    schema = {
        "type": "object",
        "properties": {
            "key": {"type": "string", "secret": True},
            "token": {"type": ["string", "integer"]},
            "plain": {"type": "string"},
        },
    }
    with system_scope("test"):
        template = IntegrationTemplateFactory(config_schema=schema, created_by_admin=cast.ada)
        integration = IntegrationFactory.build(
            sub_account=cast.acme, integration_template=template, created_by_admin=cast.ada, config={}
        )
        integration.configure({"key": "key-1", "token": "token-1", "plain": "p"})
        integration.save()
        return integration


def mark(integration: Integration, name: str, **definition) -> None:
    """Change the definition of a property in the integration's template."""
    with system_scope("test"):
        template = IntegrationTemplate.objects.get(pk=integration.integration_template_id)
        template.config_schema["properties"][name] = definition
        template.save()


def column(integration: Integration) -> dict:
    with system_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT config::text FROM integrations WHERE id = %s", [integration.pk])
        return json.loads(cursor.fetchone()[0])


def revealed(integration: Integration) -> dict:
    with system_scope("test"):
        return Integration.objects.get(pk=integration.pk).revealed_config


@pytest.mark.django_db
def test_what_becomes_a_secret_is_masked_at_once_and_sealed_by_the_next_write(stored, as_alice):
    mark(stored, "token", type="string", secret=True)

    shown = as_alice.get(f"{INTEGRATIONS}{stored.pk}/").json()["config"]
    listed = as_alice.get(INTEGRATIONS).json()["results"][0]["config"]
    before = revealed(stored)
    written = as_alice.patch(f"{INTEGRATIONS}{stored.pk}/", {"config": {"plain": "q"}})

    assert shown == listed == {"key": {"set": True}, "token": {"set": True}, "plain": "p"}
    assert before == {"key": "key-1", "token": "token-1", "plain": "p"}
    assert written.status_code == 200, written.content
    assert column(stored)["token"].startswith("enc:v1:")
    assert revealed(stored) == {"key": "key-1", "token": "token-1", "plain": "q"}


@pytest.mark.django_db
def test_a_save_of_the_row_seals_what_has_become_a_secret_too(stored):
    mark(stored, "token", type="string", secret=True)

    with system_scope("test"):
        Integration.objects.get(pk=stored.pk).save()

    assert column(stored)["token"].startswith("enc:v1:")
    assert revealed(stored)["token"] == "token-1"


@pytest.mark.django_db
def test_a_number_that_becomes_a_secret_is_sealed_as_text(stored, as_alice):
    as_alice.patch(f"{INTEGRATIONS}{stored.pk}/", {"config": {"token": 4711}})
    mark(stored, "token", type="string", secret=True)

    answer = as_alice.patch(f"{INTEGRATIONS}{stored.pk}/", {"config": {"plain": "q"}})

    assert answer.status_code == 200, answer.content
    assert revealed(stored) == {"key": "key-1", "token": "4711", "plain": "q"}


@pytest.mark.django_db
def test_what_is_no_secret_any_more_stays_one_until_it_is_written_anew(stored, as_alice):
    mark(stored, "key", type="string")
    address = f"{INTEGRATIONS}{stored.pk}/"

    shown = as_alice.get(address).json()["config"]
    kept = as_alice.patch(address, {"config": {**shown, "plain": "q"}})
    after_keeping = revealed(stored)
    as_alice.patch(address, {"config": {**shown, "key": "key-2"}})

    assert shown["key"] == {"set": True}
    assert kept.status_code == 200, kept.content
    assert after_keeping == {"key": "key-1", "token": "token-1", "plain": "q"}
    assert as_alice.get(address).json()["config"]["key"] == "key-2"
    assert column(stored)["key"] == "key-2"


@pytest.mark.django_db
def test_nobody_stores_what_would_pass_for_a_secret_later(stored, as_alice):
    planted = column(stored)["key"]

    answer = as_alice.patch(f"{INTEGRATIONS}{stored.pk}/", {"config": {"plain": planted}})

    assert answer.status_code == 400
    assert [(error["path"], error["code"]) for error in answer.json()["errors"]] == [("config.plain", "invalid")]
