"""A sub-account's choice of a prompt template on its plain form: what is ticked as active becomes so."""

import pytest

from agents.models import SubAccountPromptTemplate
from agents.tests.factories import PromptTemplateFactory
from loctelli.tests.console_cast import fill, page, signed_in, text
from tenants.scope import system_scope

LABEL = "agents.subaccountprompttemplate"


@pytest.fixture
def rows(cast):
    found = fill(cast)
    with system_scope("test"):
        SubAccountPromptTemplate.objects.filter(sub_account=cast.acme).update(is_active=True)
    return found


@pytest.fixture
def other(cast):
    with system_scope("test"):
        return PromptTemplateFactory(name="Other", created_by_admin=cast.ada, is_active=True)


def active_of(sub_account) -> list[str]:
    with system_scope("test"):
        found = SubAccountPromptTemplate.objects.filter(sub_account=sub_account, is_active=True)
        return [choice.prompt_template.name for choice in found]


def test_a_new_choice_that_is_active_takes_the_place_of_the_one_before(rows, other, cast):
    data = {"sub_account": cast.acme.pk, "prompt_template": other.pk, "is_active": "on"}

    saved = signed_in(cast.ada).post(page(LABEL, "add"), data)

    assert saved.status_code == 302
    assert active_of(cast.acme) == ["Other"]


def test_a_choice_that_becomes_active_takes_it_too_and_other_sub_accounts_keep_theirs(rows, other, cast):
    with system_scope("test"):
        SubAccountPromptTemplate.objects.filter(sub_account=cast.globex).update(is_active=True)
        choice = SubAccountPromptTemplate.objects.create(sub_account=cast.acme, prompt_template=other)
    globex = active_of(cast.globex)

    saved = signed_in(cast.ada).post(page(LABEL, "change", choice.pk), {"prompt_template": other.pk, "is_active": "on"})

    assert saved.status_code == 302
    assert active_of(cast.acme) == ["Other"]
    assert active_of(cast.globex) == globex


def test_a_choice_that_is_switched_off_leaves_none_active(rows, cast):
    address = page(LABEL, "change", rows.acme.chosen.pk)

    signed_in(cast.ada).post(address, {"prompt_template": cast.template.pk})

    assert active_of(cast.acme) == []


def test_the_same_template_is_not_chosen_twice(rows, cast):
    data = {"sub_account": cast.acme.pk, "prompt_template": cast.template.pk, "is_active": "on"}

    refused = signed_in(cast.ada).post(page(LABEL, "add"), data)

    assert "This sub-account has chosen that template already." in text(refused)


def test_a_template_that_was_withdrawn_since_is_not_made_active(rows, other, cast):
    with system_scope("test"):
        choice = SubAccountPromptTemplate.objects.create(sub_account=cast.acme, prompt_template=other)
        type(other).objects.filter(pk=other.pk).update(is_active=False)
    before = active_of(cast.acme)

    data = {"prompt_template": other.pk, "is_active": "on"}
    refused = signed_in(cast.ada).post(page(LABEL, "change", choice.pk), data)

    assert "available any more" in text(refused)
    assert active_of(cast.acme) == before


def test_the_form_says_that_it_takes_the_place_of_another(rows, cast):
    shown = text(signed_in(cast.ada).get(page(LABEL, "add")))

    assert "It takes the place of the one that is active there now." in shown
