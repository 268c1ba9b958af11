"""Choices of other rows are offered to whoever may see those rows: nobody types into a box that refuses."""

from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import UserFactory
from agents.models import SubAccountPromptTemplate
from agents.tests.factories import PromptTemplateFactory
from forms.models import FormTemplate
from loctelli.tests.console_cast import (
    LABELS,
    READ_ONLY,
    a_row_of,
    act,
    limited_admin,
    page,
    signed_in,
    text,
    the_one,
)
from tenants.scope import system_scope

WRITTEN = [label for label in LABELS if label not in READ_ONLY and label != "accounts.adminuser"]
REQUIRED = {
    "accounts.user": {"tenants.subaccount"},
    "crm.lead": {"tenants.subaccount", "accounts.user", "agents.strategy"},
    "crm.booking": {"tenants.subaccount", "accounts.user"},
    "agents.strategy": {"tenants.subaccount", "accounts.user", "agents.prompttemplate"},
    "crm.contactsubmission": {"tenants.subaccount"},
    "forms.formsubmission": {"tenants.subaccount", "forms.formtemplate"},
    "integrations.integration": {"tenants.subaccount", "integrations.integrationtemplate"},
    "agents.subaccountprompttemplate": {"tenants.subaccount", "agents.prompttemplate"},
    "tenants.subaccountinvitation": {"tenants.subaccount"},
}
NAMES_OF_QUERY = {"data-app-label": "app_label", "data-model-name": "model_name", "data-field-name": "field_name"}


class Choices(HTMLParser):
    """The addresses that a page's autocompletes ask."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "select" and "data-ajax--url" in found:
            query = urlencode({name: found[attribute] for attribute, name in NAMES_OF_QUERY.items()})
            url = found["data-ajax--url"]
            self.found.add(f"{url}{'&' if '?' in url else '?'}{query}")


def choices_on(client: Client, url: str) -> set[str]:
    return Choices(client.get(url).content.decode()).found


def pages_of(label: str) -> list[str]:
    """Return a model's pages with forms and filters, those of its actions too."""
    with system_scope("test"):
        key = a_row_of(label).pk
    name = f"console:{label.replace('.', '_')}"
    actions = [reverse(f"{name}_do", args=[key, action]) for action in ("assign", "copy", "choose_template")]
    imports = [reverse(f"{name}_import_rows")] if label in ("agents.strategy", "agents.prompttemplate") else []
    return [page(label, "changelist"), page(label, "add"), page(label, "change", key), *actions, *imports]


@pytest.mark.parametrize("label", LABELS)
def test_whoever_may_do_everything_with_one_model_alone_is_offered_no_choice_that_is_refused(label, rows):
    client = signed_in(limited_admin(label))

    asked = set().union(*(choices_on(client, url) for url in pages_of(label)))

    assert {url for url in asked if client.get(url).status_code != 200} == set()


def test_whoever_may_see_everything_is_offered_choices_of_all_of_it_and_none_is_refused(rows, console):
    asked = {label: set().union(*(choices_on(console, url) for url in pages_of(label))) for label in WRITTEN}

    assert {url for urls in asked.values() for url in urls if console.get(url).status_code != 200} == set()
    assert {label for label, urls in asked.items() if urls} == {
        *REQUIRED,
        "forms.formtemplate",
        "agents.prompttemplate",
    }


@pytest.mark.parametrize("label", WRITTEN)
def test_a_row_is_added_by_whoever_may_see_what_it_has_to_refer_to(label, rows):
    own = f"{label.split('.')[0]}.add_{label.split('.')[1]}"
    needed = {f"{other.split('.')[0]}.view_{other.split('.')[1]}" for other in REQUIRED.get(label, ())}
    enough = signed_in(limited_admin(own, *needed))
    lacking_one = [signed_in(limited_admin(own, *needed - {name})) for name in sorted(needed)]

    # Where secrets or rights are given, one is asked first whether it is oneself.
    assert enough.get(page(label, "add")).status_code in (200, 302)
    assert {client.get(page(label, "add")).status_code for client in lacking_one} <= {403}
    assert {client.post(page(label, "add"), {}).status_code for client in lacking_one} <= {403}


def test_the_page_that_refuses_says_what_is_lacking_and_no_list_offers_it(rows):
    client = signed_in(limited_admin("crm.lead", "tenants.view_subaccount"))

    refused, listed = client.get(page("crm.lead", "add")), client.get(page("crm.lead", "changelist"))

    assert "To add leads you must be allowed to view users and strategies, too" in text(refused)
    assert page("crm.lead", "add") not in listed.content.decode()


def test_a_reference_that_may_not_be_chosen_is_shown_and_stays_when_the_rest_is_saved(rows, cast):
    lead = rows.acme.lead
    client, url = signed_in(limited_admin("crm.change_lead")), page("crm.lead", "change", lead.pk)

    shown = text(client.get(url))
    forged = {"name": "Renamed", "status": "lead", "regular_user": cast.mallory.pk, "strategy": cast.globex_strategy.pk}
    saved = client.post(url, forged)

    assert [name for name in (cast.alice.name, lead.strategy.name, "Acme") if name not in shown] == []
    assert saved.status_code == 302
    stored = the_one(type(lead), pk=lead.pk)
    assert (stored.name, stored.regular_user, stored.strategy) == ("Renamed", cast.alice, lead.strategy)


def test_a_form_of_no_sub_account_says_that_it_is_for_all_of_them(rows, cast):
    client, url = signed_in(limited_admin("forms.formtemplate")), page("forms.formtemplate", "add")
    form = {"name": "Roof check", "slug": "roof-check", "title": "Roof", "schema": "[]", "sub_account": cast.acme.pk}
    form |= {"submit_button_text": "Send", "success_message": "Thanks", "wake_up_interval": "30"}

    shown, saved = text(client.get(url)), client.post(url, form)

    assert "All sub-accounts" in shown
    assert saved.status_code == 302
    assert the_one(FormTemplate, slug="roof-check").sub_account is None


def test_nobody_gives_leads_to_people_whom_they_may_not_see(rows, cast):
    with system_scope("test"):
        other = UserFactory(sub_account=cast.acme)
    limited, more = (limited_admin(*names) for names in (["crm.lead"], ["crm.lead", "accounts.view_user"]))
    url = reverse("console:crm_lead_do", args=[rows.acme.lead.pk, "assign"])
    form = {"confirmed": "1", "with-person": other.pk}

    answers = [signed_in(limited).get(url).status_code, signed_in(more).get(url).status_code]
    act(signed_in(limited), "crm.lead", "assign", rows.acme.lead, **form)
    after_one = the_one(type(rows.acme.lead), pk=rows.acme.lead.pk).regular_user
    act(signed_in(more), "crm.lead", "assign", rows.acme.lead, **form)
    after_both = the_one(type(rows.acme.lead), pk=rows.acme.lead.pk).regular_user

    assert answers == [404, 200]
    assert (after_one, after_both) == (cast.alice, other)


def test_a_choice_whose_template_was_withdrawn_is_not_made_active_by_whoever_only_reads_which_it_is(rows, cast):
    with system_scope("test"):
        template = PromptTemplateFactory(created_by_admin=cast.ada, is_active=False)
        choice = SubAccountPromptTemplate.objects.create(sub_account=cast.acme, prompt_template=template)
    client = signed_in(limited_admin("agents.subaccountprompttemplate"))

    refused = client.post(page("agents.subaccountprompttemplate", "change", choice.pk), {"is_active": "on"})

    assert "available any more" in text(refused)
    assert not the_one(SubAccountPromptTemplate, pk=choice.pk).is_active
