"""Prompt templates over the API: read by all, and one of them chosen as a sub-account's active one."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts.choices import UserRole
from accounts.tests.factories import UserFactory
from agents.models import PromptTemplate, SubAccountPromptTemplate
from agents.tests.factories import PromptTemplateFactory
from loctelli.tests.cast import client_of
from tenants.scope import system_scope, tenant_scope

TEMPLATES, CHOSEN = "/api/v1/prompt-templates/", "/api/v1/chosen-prompt-templates/"


@pytest.fixture
def support(cast) -> PromptTemplate:
    with system_scope("test"):
        return PromptTemplateFactory(name="Support", category="support", tags=["calm"], created_by_admin=cast.ada)


def activate(client, template: PromptTemplate):
    return client.post(f"{TEMPLATES}{template.pk}/activate/")


def active(sub_account) -> list[int]:
    with tenant_scope(sub_account.pk):
        return list(
            SubAccountPromptTemplate.objects.filter(is_active=True).values_list("prompt_template_id", flat=True)
        )


def test_templates_are_read_and_never_written(as_alice, support):
    address = f"{TEMPLATES}{support.pk}/"

    assert as_alice.get(address).json()["tags"] == ["calm"]
    assert [found["name"] for found in as_alice.get(f"{TEMPLATES}?category=support").json()["results"]] == ["Support"]
    writes = [as_alice.post(TEMPLATES, {}), as_alice.patch(address, {}), as_alice.delete(address)]
    assert [answer.status_code for answer in writes] == [405, 405, 405]
    assert [as_alice.post(CHOSEN, {}).status_code, as_alice.get(CHOSEN).status_code] == [405, 200]


def test_choosing_another_template_takes_the_place_of_the_one_before(cast, as_alice, support):
    first = activate(as_alice, cast.template)
    second = activate(as_alice, support)
    again = activate(as_alice, support)

    assert [answer.status_code for answer in (first, second, again)] == [200, 200, 200]
    assert (second.json()["prompt_template_id"], second.json()["is_active"]) == (support.pk, True)
    assert again.json()["id"] == second.json()["id"]
    assert active(cast.acme) == [support.pk]
    chosen = as_alice.get(f"{CHOSEN}?ordering=id&include=prompt_template").json()["results"]
    assert [(row["prompt_template"]["name"], row["is_active"]) for row in chosen] == [
        (cast.template.name, False),
        ("Support", True),
    ]


def test_each_business_has_its_own_active_template(cast, as_alice, as_mallory, support):
    activate(as_alice, support)
    activate(as_mallory, cast.template)

    assert (active(cast.acme), active(cast.globex)) == ([support.pk], [cast.template.pk])


def test_a_withdrawn_or_unknown_template_is_not_chosen(cast, as_alice, support):
    with system_scope("test"):
        PromptTemplate.objects.filter(pk=support.pk).update(is_active=False)

    withdrawn = activate(as_alice, support)
    unknown = as_alice.post(f"{TEMPLATES}999999/activate/")

    assert (withdrawn.status_code, withdrawn.json()["code"]) == (409, "template_inactive")
    assert unknown.status_code == 404
    assert active(cast.acme) == []


def test_only_managers_and_admins_choose(cast, support):
    with system_scope("test"):
        as_user, as_manager = (
            client_of(UserFactory(sub_account=cast.acme, role=role)) for role in (UserRole.USER, UserRole.MANAGER)
        )

    assert [activate(client, support).status_code for client in (as_user, as_manager)] == [403, 200]


@pytest.mark.django_db(transaction=True)
def test_two_people_who_choose_at_once_end_with_one_active_template(cast, support):
    templates = [cast.template, support]
    together = Barrier(2)

    def choose(template: PromptTemplate) -> list[int]:
        client = client_of(cast.alice)
        try:
            statuses = []
            for _ in range(10):
                together.wait()
                statuses.append(activate(client, template).status_code)
            return statuses
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        statuses = list(threads.map(choose, templates))

    assert statuses == [[200] * 10, [200] * 10]
    assert len(active(cast.acme)) == 1
    with tenant_scope(cast.acme.pk):
        assert SubAccountPromptTemplate.objects.count() == 2
