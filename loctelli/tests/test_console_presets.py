"""What is added from a row's page begins with all that follows from the row: nothing is to be chosen twice."""

import re
from html import unescape

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from accounts.tests.factories import PASSWORD
from loctelli.tests.console_cast import LABELS, a_row_of, page
from tenants.console.references import STAMPS
from tenants.scope import system_scope

PANELS = [(label, related) for label in LABELS for related in admin.site._registry[apps.get_model(label)].leads_to]


def added_from(console, url: str):
    """Return the form that the list at an address leads to; None where nothing is added there."""
    found = re.search(r'href="([^"]+)" class="addlink', console.get(url).content.decode())
    return console.get(unescape(found.group(1)), follow=True).context.get("adminform") if found else None


def begins_with(form) -> dict[str, str]:
    return {name: str(form[name].value()) for name in form.fields if form[name].value() not in (None, "")}


@pytest.mark.parametrize(("label", "related"), PANELS, ids=lambda item: getattr(item, "model", item))
def test_what_a_panel_leads_to_adding_begins_with_the_row_and_what_it_refers_to(label, related, rows, console):
    console.post(reverse("console:step_up"), {"password": PASSWORD})
    with system_scope("test"):
        row = a_row_of(label)
    shown = unescape(console.get(page(label, "change", row.pk)).content.decode())
    (url,) = re.findall(rf'<a href="([^"]+)">{related.label}</a>', shown)

    found = added_from(console, url)

    if found is None:
        assert related.model == "security.SecurityIncident"
        return
    name = related.filter.removesuffix("__id__exact")
    theirs = {field.name: field for field in row._meta.local_fields if field.name not in STAMPS}
    follows = {
        each.name: str(getattr(row, each.attname))
        for each in apps.get_model(related.model)._meta.local_fields
        if each.is_relation and each.name in theirs and theirs[each.name].related_model is each.related_model
    }
    assert begins_with(found.form).items() >= {name: str(row.pk), **follows}.items()


def test_a_meeting_added_from_a_lead_s_page_is_the_lead_s_person_s(rows, console, cast):
    lead = rows.acme.lead

    form = added_from(console, f"{page('crm.booking', 'changelist')}?lead__id__exact={lead.pk}").form

    preset = {"sub_account": str(cast.acme.pk), "lead": str(lead.pk), "regular_user": str(cast.alice.pk)}
    assert begins_with(form).items() >= preset.items()


def test_a_lead_added_from_a_strategy_s_page_is_the_strategy_s_person_s(rows, console, cast):
    strategy = cast.acme_strategy

    form = added_from(console, f"{page('crm.lead', 'changelist')}?strategy__id__exact={strategy.pk}").form

    preset = {"sub_account": str(cast.acme.pk), "strategy": str(strategy.pk), "regular_user": str(cast.alice.pk)}
    assert begins_with(form).items() >= preset.items()
