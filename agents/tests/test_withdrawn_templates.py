"""A template that the platform has withdrawn stays where it was chosen and is not chosen anew, whichever the door."""

import pytest

from agents.models import PromptTemplate, Strategy
from agents.tests.factories import PromptTemplateFactory
from integrations.tests.factories import IntegrationFactory, IntegrationTemplateFactory
from loctelli.tests.console_cast import act, page, signed_in, text
from tenants.scope import system_scope

STRATEGIES, TEMPLATES, INTEGRATIONS = (
    f"/api/v1/{name}/" for name in ("strategies", "prompt-templates", "integrations")
)
GONE = "available any more: choose another one"


@pytest.fixture
def withdrawn(cast) -> PromptTemplate:
    with system_scope("test"):
        return PromptTemplateFactory(name="Old", is_active=False, created_by_admin=cast.ada)


@pytest.fixture
def withdrawn_service(cast):
    with system_scope("test"):
        return IntegrationTemplateFactory(display_name="Fax", is_active=False, created_by_admin=cast.ada)


def errors_of(answer) -> list[tuple[str, str]]:
    return [(error["path"], error["code"]) for error in answer.json()["errors"]]


def strategy_fields(cast, **fields) -> dict:
    return {
        "name": "Roofs",
        "regular_user_id": cast.alice.pk,
        "prompt_template_id": cast.template.pk,
        **dict.fromkeys(("ai_name", "ai_role", "conversation_tone", "qualification_questions"), "x"),
        **dict.fromkeys(("objection_handling", "closing_strategy"), "x"),
        **fields,
    }


def test_over_the_api_a_strategy_is_neither_made_nor_changed_to_it(cast, as_alice, withdrawn):
    made = as_alice.post(STRATEGIES, strategy_fields(cast, prompt_template_id=withdrawn.pk))
    changed = as_alice.patch(f"{STRATEGIES}{cast.acme_strategy.pk}/", {"prompt_template_id": withdrawn.pk})
    activated = as_alice.post(f"{TEMPLATES}{withdrawn.pk}/activate/")

    assert [(answer.status_code, errors_of(answer)) for answer in (made, changed)] == [
        (400, [("prompt_template_id", "template_inactive")])
    ] * 2
    assert (activated.status_code, activated.json()["code"]) == (409, "template_inactive")


def test_over_the_api_a_strategy_that_stands_on_it_is_copied_once_it_has_another_one(cast, as_alice, withdrawn):
    with system_scope("test"):
        Strategy.objects.filter(pk=cast.acme_strategy.pk).update(prompt_template=withdrawn)
    address = f"{STRATEGIES}{cast.acme_strategy.pk}/"

    refused = as_alice.post(f"{address}duplicate/", {})
    changed = as_alice.patch(address, {"prompt_template_id": cast.template.pk})
    copied = as_alice.post(f"{address}duplicate/", {})

    assert (refused.status_code, refused.json()["code"]) == (409, "template_inactive")
    assert "give it another one before it is copied" in refused.json()["detail"]
    assert (changed.status_code, copied.status_code) == (200, 201)
    assert copied.json()["prompt_template_id"] == cast.template.pk


def test_over_the_api_it_stays_where_it_was_chosen(cast, as_alice):
    with system_scope("test"):
        PromptTemplate.objects.update(is_active=False)

    answer = as_alice.patch(
        f"{STRATEGIES}{cast.acme_strategy.pk}/", {"name": "Renamed", "prompt_template_id": cast.template.pk}
    )

    assert (answer.status_code, answer.json()["name"]) == (200, "Renamed")


def test_over_the_api_a_withdrawn_service_is_not_connected_and_a_connection_goes_on(cast, as_alice, withdrawn_service):
    with system_scope("test"):
        connection = IntegrationFactory(sub_account=cast.acme, integration_template=withdrawn_service)
    body = {"name": "Fax", "integration_template_id": withdrawn_service.pk, "config": {"locationId": "1"}}

    refused = as_alice.post(INTEGRATIONS, body)
    goes_on = as_alice.patch(f"{INTEGRATIONS}{connection.pk}/", {"config": {"locationId": "2"}})

    assert (refused.status_code, errors_of(refused)) == (400, [("integration_template_id", "template_inactive")])
    assert goes_on.status_code == 200


def test_in_the_console_it_is_not_chosen_either(cast, ada, withdrawn, withdrawn_service):
    console = signed_in(ada)
    ours = {"sub_account": cast.acme.pk}
    forms = {
        "agents.strategy": {"prompt_template": withdrawn.pk},
        "agents.subaccountprompttemplate": {"prompt_template": withdrawn.pk},
        "integrations.integration": {"integration_template": withdrawn_service.pk, "config": "{}"},
    }

    said = {label: text(console.post(page(label, "add"), {**ours, **form})) for label, form in forms.items()}

    assert {label for label, words in said.items() if GONE in words} == set(forms)


def test_in_the_console_a_strategy_that_stands_on_it_is_not_copied_and_others_are(cast, ada, withdrawn):
    with system_scope("test"):
        Strategy.objects.filter(pk=cast.acme_strategy.pk).update(prompt_template=withdrawn)

    said = text(
        act(
            signed_in(ada), "agents.strategy", "copy", cast.acme_strategy, cast.globex_strategy, confirmed="1",
            **{"with-sub_account": cast.acme.pk, "with-person": cast.alice.pk},
        )
    )  # fmt: skip

    assert "1 was copied." in said
    assert "before it is copied" in said
    with system_scope("test"):
        copies = Strategy.objects.exclude(pk__in=[cast.acme_strategy.pk, cast.globex_strategy.pk])
        assert [copy.prompt_template_id for copy in copies] == [cast.template.pk]


def test_in_the_console_it_stays_where_it_was_chosen(cast, ada):
    with system_scope("test"):
        PromptTemplate.objects.update(is_active=False)
        fields = {
            field.attname.removesuffix("_id"): getattr(cast.acme_strategy, field.attname)
            for field in Strategy._meta.local_fields
        }
    form = {name: value for name, value in fields.items() if value is not None} | {"name": "Renamed"}

    answer = signed_in(ada).post(page("agents.strategy", "change", cast.acme_strategy.pk), form)

    assert GONE not in text(answer)
    with system_scope("test"):
        assert Strategy.objects.get(pk=cast.acme_strategy.pk).name == "Renamed"
