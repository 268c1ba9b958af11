"""Integrations over the API: configurations held against their service's schema, and secrets that never come back."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.choices import UserRole
from accounts.tests.factories import UserFactory
from integrations.models import Integration, IntegrationTemplate
from integrations.tests.factories import IntegrationFactory, IntegrationTemplateFactory
from loctelli.tests.cast import client_of
from tenants.scope import system_scope, tenant_scope

INTEGRATIONS, TEMPLATES = "/api/v1/integrations/", "/api/v1/integration-templates/"
SECRETS = ("key-8Hq2", "oauth-Zx41", "hook-77Lm")
SCHEMA = {
    "type": "object",
    "properties": {
        "apiKey": {"type": "string", "secret": True, "minLength": 4},
        "locationId": {"type": "string"},
        "retries": {"type": "integer", "minimum": 0},
        "callback": {"type": "string", "format": "uri"},
        "oauth": {
            "type": "object",
            "properties": {"clientId": {"type": "string"}, "clientSecret": {"type": "string", "secret": True}},
            "additionalProperties": False,
        },
    },
    "required": ["locationId"],
    "additionalProperties": False,
}
CONFIG = {"apiKey": SECRETS[0], "locationId": "loc_1", "oauth": {"clientId": "me", "clientSecret": SECRETS[1]}}
MASKED = {
    "apiKey": {"set": True},
    "locationId": "loc_1",
    "oauth": {"clientId": "me", "clientSecret": {"set": True}},
}


@pytest.fixture
def service(cast) -> IntegrationTemplate:
    with system_scope("test"):
        return IntegrationTemplateFactory(name="GoHighLevel", config_schema=SCHEMA, created_by_admin=cast.ada)


@pytest.fixture
def made(service, as_alice) -> dict:
    answer = as_alice.post(INTEGRATIONS, new_integration(service, webhook_secret=SECRETS[2]))
    assert answer.status_code == 201, answer.content
    return answer.json()


def new_integration(service, **fields) -> dict:
    return {"name": "Our CRM", "integration_template_id": service.pk, "config": CONFIG, **fields}


def errors_of(answer) -> list[tuple[str, str]]:
    return sorted((error["path"], error["code"]) for error in answer.json()["errors"])


def columns(pk: int) -> tuple[dict, str | None]:
    """Return what the table holds of the configuration and of the webhook's secret."""
    with system_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT config::text, webhook_secret FROM integrations WHERE id = %s", [pk])
        config, webhook_secret = cursor.fetchone()
    return json.loads(config), webhook_secret


def revealed(cast, pk: int) -> tuple[dict, str | None]:
    with tenant_scope(cast.acme.pk):
        integration = Integration.objects.get(pk=pk)
        return integration.revealed_config, integration.webhook_secret


def test_a_configuration_is_stored_sealed_and_shown_masked(cast, made):
    assert made["config"] == MASKED
    assert made["webhook_secret_set"] is True
    assert "webhook_secret" not in made
    assert (made["status"], made["is_active"], made["sub_account_id"]) == ("pending", False, cast.acme.pk)
    config, webhook_secret = columns(made["id"])
    sealed = [config["apiKey"], config["oauth"]["clientSecret"], webhook_secret]
    assert all(value.startswith("enc:v1:") for value in sealed)
    assert (config["locationId"], config["oauth"]["clientId"]) == ("loc_1", "me")
    assert revealed(cast, made["id"]) == (CONFIG, SECRETS[2])


def test_no_answer_ever_holds_a_secret(service, made, as_alice):
    address = f"{INTEGRATIONS}{made['id']}/"

    answers = [
        as_alice.get(INTEGRATIONS),
        as_alice.get(address),
        as_alice.get(f"{address}?fields=config,webhook_secret_set,integration_template.config_schema"),
        as_alice.patch(address, {"config": {**CONFIG, "retries": -1}, "webhook_secret": SECRETS[2]}),
        as_alice.patch(address, {"config": {**CONFIG, "apiKey": "abc"}}),
        as_alice.patch(address, {"config": {**CONFIG, "callback": SECRETS[0]}}),
        as_alice.get(f"{address}?fields=webhook_secret"),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 400, 400, 400, 400]
    for answer in answers:
        assert not [secret for secret in SECRETS if secret.encode() in answer.content]
        assert b"enc:v1" not in answer.content


@pytest.mark.parametrize(
    "config",
    [
        {"locationId": "loc_2"},
        {"locationId": "loc_2", "oauth": {"clientId": "me"}},
        {**MASKED, "locationId": "loc_2"},
    ],
    ids=["left out", "left out within", "given back masked"],
)
def test_a_secret_that_is_not_given_again_stays(config, cast, made, as_alice):
    answer = as_alice.patch(f"{INTEGRATIONS}{made['id']}/", {"config": config})

    assert answer.status_code == 200, answer.content
    found, webhook_secret = revealed(cast, made["id"])
    assert (found["apiKey"], found["oauth"]["clientSecret"], webhook_secret) == SECRETS
    assert found["locationId"] == "loc_2"


def test_a_new_secret_takes_the_place_of_the_old_one(cast, made, as_alice):
    as_alice.patch(f"{INTEGRATIONS}{made['id']}/", {"config": {**MASKED, "apiKey": "other"}, "webhook_secret": "new"})

    found, webhook_secret = revealed(cast, made["id"])
    assert (found["apiKey"], found["oauth"]["clientSecret"], webhook_secret) == ("other", SECRETS[1], "new")


def test_null_removes_a_secret(cast, made, as_alice):
    config = {**MASKED, "apiKey": None}

    answer = as_alice.patch(f"{INTEGRATIONS}{made['id']}/", {"config": config, "webhook_secret": None})

    assert answer.status_code == 200, answer.content
    assert answer.json()["config"] == config
    assert answer.json()["webhook_secret_set"] is False
    assert columns(made["id"])[1] is None
    assert "apiKey" not in revealed(cast, made["id"])[0]


def test_what_looks_like_ciphertext_is_text(cast, made, as_alice):
    planted = columns(made["id"])[0]["apiKey"]

    as_alice.patch(f"{INTEGRATIONS}{made['id']}/", {"config": {**MASKED, "apiKey": planted}})

    assert revealed(cast, made["id"])[0]["apiKey"] == planted


@pytest.mark.parametrize(
    ("config", "errors"),
    [
        ({}, [("config.locationId", "required")]),
        ({"locationId": 5}, [("config.locationId", "type")]),
        ({"locationId": "x", "color": "red"}, [("config.color", "additional_properties")]),
        ({"locationId": "x", "retries": -1}, [("config.retries", "minimum")]),
        ({"locationId": "x", "callback": "no address"}, [("config.callback", "format")]),
        ({"locationId": "x", "apiKey": "abc"}, [("config.apiKey", "min_length")]),
        ({"locationId": "x", "apiKey": 5}, [("config.apiKey", "invalid")]),
        ({"locationId": "x", "apiKey": {"set": False}}, [("config.apiKey", "invalid")]),
        ({"locationId": "x", "oauth": "no"}, [("config.oauth", "type")]),
        ({"locationId": "x", "oauth": {"a": 1}}, [("config.oauth.a", "additional_properties")]),
        ({"retries": "x"}, [("config.locationId", "required"), ("config.retries", "type")]),
        ([], [("config", "not_an_object")]),
        (None, [("config", "null")]),
    ],
)
def test_a_configuration_is_held_against_the_schema_of_its_service(config, errors, service, made, as_alice):
    before = columns(made["id"])
    bare = {**new_integration(service), "config": config}

    assert errors_of(as_alice.post(INTEGRATIONS, bare)) == errors
    assert as_alice.get(f"{INTEGRATIONS}?count=true").json()["count"] == 1
    assert columns(made["id"]) == before


@pytest.mark.parametrize("field", ["integration_template_id", "status", "last_sync_at", "error_message"])
def test_what_is_the_platforms_is_not_written(field, service, made, as_alice):
    answer = as_alice.patch(f"{INTEGRATIONS}{made['id']}/", {field: made[field]})

    assert errors_of(answer) == [(field, "read_only")]


def test_a_service_that_does_not_exist_is_refused(service, as_alice):
    answer = as_alice.post(INTEGRATIONS, {**new_integration(service), "integration_template_id": 10**9})

    assert errors_of(answer) == [("integration_template_id", "does_not_exist")]


def test_services_are_read_and_never_written(service, as_alice):
    address = f"{TEMPLATES}{service.pk}/"

    assert as_alice.get(address).json()["config_schema"] == SCHEMA
    assert [found["name"] for found in as_alice.get(f"{TEMPLATES}?name=GoHighLevel").json()["results"]] == [
        service.name
    ]
    writes = [as_alice.post(TEMPLATES, {}), as_alice.patch(address, {}), as_alice.delete(address)]
    assert [answer.status_code for answer in writes] == [405, 405, 405]


def test_admins_write_integrations_managers_read_them_and_users_do_not(cast, service, made):
    with system_scope("test"):
        as_user, as_manager = (
            client_of(UserFactory(sub_account=cast.acme, role=role)) for role in (UserRole.USER, UserRole.MANAGER)
        )
    address = f"{INTEGRATIONS}{made['id']}/"

    assert [client.get(address).status_code for client in (as_user, as_manager)] == [403, 200]
    assert as_user.get(TEMPLATES).status_code == 200
    writes = [as_manager.post(INTEGRATIONS, {}), as_manager.patch(address, {}), as_manager.delete(address)]
    assert [answer.status_code for answer in writes] == [403, 403, 403]


@pytest.mark.parametrize("query", ["", "?include=integration_template", "?fields=config", "?fields=name"])
def test_a_list_costs_the_same_queries_for_one_and_for_thirty(query, cast, service, as_alice):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert as_alice.get(f"{INTEGRATIONS}{query}").status_code == 200
        return len(queries)

    with system_scope("test"):
        IntegrationFactory(sub_account=cast.acme, integration_template=service)
    one = cost()
    with system_scope("test"):
        for _ in range(29):
            IntegrationFactory(sub_account=cast.acme, created_by_admin=cast.ada)

    assert len(as_alice.get(INTEGRATIONS).json()["results"]) == 30
    assert cost() == one
