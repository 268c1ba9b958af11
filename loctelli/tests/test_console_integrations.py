"""Integrations in the console: secrets stay hidden, are replaced and removed, and the template decides."""

import json

import pytest

from integrations.models import Integration
from loctelli.tests.console_cast import page, text, the_one
from tenants.scope import system_scope


def integration_form(rows, config, **changes):
    return {
        "name": "CRM",
        "status": "pending",
        "config": json.dumps(config),
        "new_webhook_secret": "",
        **changes,
    }


def revealed(integration):
    with system_scope("test"):
        found = Integration.objects.select_related("integration_template").get(pk=integration.pk)
        return found.revealed_config, found.webhook_secret


def test_secrets_of_an_integration_stay_when_they_come_back_masked(rows, console):
    url = page("integrations.integration", "change", rows.acme.integration.pk)
    shown = console.get(url).context["adminform"].form.initial["config"]

    response = console.post(url, integration_form(rows, shown))

    assert response.status_code == 302
    assert shown == {"apiKey": {"set": True}, "locationId": "loc_1"}
    assert revealed(rows.acme.integration) == (
        {"apiKey": "sk-live-of-acme", "locationId": "loc_1"},
        "whsec-of-acme",
    )


def test_secrets_of_an_integration_are_replaced_and_removed(rows, console):
    url = page("integrations.integration", "change", rows.acme.integration.pk)

    console.post(url, integration_form(rows, {"apiKey": "new", "locationId": "l"}, new_webhook_secret="hush"))
    replaced = revealed(rows.acme.integration)
    console.post(url, integration_form(rows, {"locationId": "l"}, remove_webhook_secret="on"))
    removed = revealed(rows.acme.integration)

    assert replaced == ({"apiKey": "new", "locationId": "l"}, "hush")
    assert removed == ({"apiKey": "new", "locationId": "l"}, None)


def test_a_new_integration_is_stored_encrypted(rows, cast, console):
    template = rows.acme.integration.integration_template
    form = integration_form(rows, {"apiKey": "fresh", "locationId": "l"}, name="Fresh", new_webhook_secret="hush")

    response = console.post(
        page("integrations.integration", "add"),
        form | {"sub_account": cast.globex.pk, "integration_template": template.pk},
    )

    made = the_one(Integration, name="Fresh")
    assert response.status_code == 302
    assert made.config["apiKey"].startswith("enc:v1:")
    assert revealed(made) == ({"apiKey": "fresh", "locationId": "l"}, "hush")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"apiKey": 5, "locationId": "l"}, "apiKey: A secret must be text."),
        ({"apiKey": "k"}, "locationId:"),
        ({"locationId": "l", "other": 1}, "other:"),
        ([1], "Must be an object."),
    ],
)
def test_a_configuration_the_template_refuses_is_an_error_of_its_field(config, said, rows, console):
    url = page("integrations.integration", "change", rows.acme.integration.pk)

    response = console.post(url, integration_form(rows, config))

    assert said in response.context["adminform"].form.errors["config"][0]


def test_a_webhook_secret_is_kept_or_removed_only_where_there_is_one(rows, console):
    url = page("integrations.integration", "change", rows.acme.integration.pk)

    stored = text(console.get(url))
    with system_scope("test"):
        rows.acme.integration.webhook_secret = None
        rows.acme.integration.save()
    none = text(console.get(url))
    console.post(url, integration_form(rows, {"apiKey": "new", "locationId": "l"}, new_webhook_secret="hush"))

    offers = ("Leave empty to keep the present one.", "Remove webhook secret")
    assert [words in stored for words in offers] == [True, True]
    assert [words in none for words in offers] == [False, False]
    assert "What requests are signed with; empty for none." in none
    assert revealed(rows.acme.integration)[1] == "hush"
