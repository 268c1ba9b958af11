"""What an admin may not do is not offered: whatever a page links to or would post to, they may open."""

import re
from html import unescape

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from loctelli.tests.console_cast import LABELS, a_row_of, limited_admin, page, signed_in, text
from security.models import AuditEntry
from security.tests.factories import SecurityIncidentFactory
from tenants.console.row_actions import RowActionsAdmin
from tenants.scope import system_scope

LED_TO = re.compile(r"""(?:href|action|data-url)="(/console/[^"#]*)""")


def offered_by(client: Client, url: str) -> set[str]:
    """Return the addresses that a page leads to."""
    found = client.get(url)
    assert found.status_code == 200, url
    return {unescape(address) for address in LED_TO.findall(found.content.decode())} - {reverse("console:logout")}


def permission(label: str, action: str) -> str:
    app, model = label.split(".")
    return f"{app}.{action}_{model}"


def refused(client: Client, urls: set[str]) -> set[str]:
    return {url for url in urls if client.get(url).status_code == 403}


# The audit trail is for super admins alone.
VIEWABLE = [label for label in LABELS if label != "security.auditentry"]


@pytest.mark.parametrize("label", VIEWABLE)
def test_whoever_may_only_look_is_led_nowhere_they_may_not_go(label, rows):
    client = signed_in(limited_admin(permission(label, "view")))
    with system_scope("test"):
        key = a_row_of(label).pk

    urls = [page(label, "changelist"), page(label, "change", key), page(label, "history", key)]
    offered = set().union(*(offered_by(client, url) for url in urls))

    assert refused(client, offered) == set()


@pytest.mark.parametrize("action", ["change", "add", "delete"])
@pytest.mark.parametrize("label", VIEWABLE)
def test_one_right_more_offers_nothing_that_is_refused(label, action, rows):
    client = signed_in(limited_admin(permission(label, "view"), permission(label, action)))
    with system_scope("test"):
        key = a_row_of(label).pk

    offered = offered_by(client, page(label, "changelist")) | offered_by(client, page(label, "change", key))

    assert refused(client, offered) == set()


def test_the_first_page_leads_only_where_one_may_go(rows):
    client = signed_in(limited_admin("crm.view_lead", "crm.view_booking", "security.view_securityincident"))

    assert refused(client, offered_by(client, reverse("console:index"))) == set()


def test_an_incident_leads_only_where_one_may_go(rows, cast):
    with system_scope("test"):
        incident = SecurityIncidentFactory(
            user_id=cast.alice.pk,
            lead_id=rows.acme.lead.pk,
            metadata={"ip_address": "192.0.2.1", "email": cast.alice.email, "admin_id": cast.ada.pk},
        )
    url = page("security.securityincident", "change", incident.pk)
    limited = signed_in(limited_admin("security.view_securityincident", "crm.view_lead"))

    offered, to_ada = offered_by(limited, url), offered_by(signed_in(cast.ada), url)

    assert refused(limited, offered) == set()
    assert page("crm.lead", "change", rows.acme.lead.pk) in offered
    assert page("accounts.user", "change", cast.alice.pk) in to_ada - offered
    assert f"{page('security.authattempt', 'changelist')}?q=192.0.2.1" in to_ada - offered


def test_an_incident_names_whom_it_is_about_and_leads_to_nobody_who_is_gone(rows, console, cast):
    with system_scope("test"):
        incident = SecurityIncidentFactory(
            user_id=cast.alice.pk, lead_id=rows.acme.lead.pk, metadata={"admin_id": ["no", "key"]}
        )
    url = page("security.securityincident", "change", incident.pk)

    before = text(console.get(url))
    with system_scope("test"):
        rows.acme.lead.delete()
    after = console.get(url)

    assert "User: Alice" in before
    assert "Lead: Lead of Acme" in before
    assert "Lead: " not in text(after)
    assert page("crm.lead", "change", incident.lead_id) not in after.content.decode()


def test_a_list_offers_no_filter_by_rows_one_may_not_see(rows, cast):
    """Which ones there are is asked of a page that refuses."""
    limited, more = (limited_admin(*names) for names in (["crm.view_lead"], ["crm.view_lead", "agents.view_strategy"]))
    url = page("crm.lead", "changelist")

    shown, with_strategies = (signed_in(admin).get(url).content.decode() for admin in (limited, more))

    assert ("/autocomplete/" in shown, "/autocomplete/" in with_strategies) == (False, True)


@pytest.mark.parametrize("label", VIEWABLE)
def test_no_action_on_a_row_opens_without_its_right(label, rows):
    client = signed_in(limited_admin(permission(label, "view")))
    model_admin = admin.site._registry[apps.get_model(label)]
    assert isinstance(model_admin, RowActionsAdmin)
    with system_scope("test"):
        key = a_row_of(label).pk
    may_look = {"export_csv", "export_xlsx", "export_jsonl"}
    names = {getattr(action, "__name__", action) for action in model_admin.actions or ()} - may_look

    urls = [reverse(f"console:{model_admin._url_name()}", args=[key, name]) for name in names]
    answers = {client.post(url, {"action": "x", "confirmed": "1"}).status_code for url in urls}

    assert answers <= {404}


def test_no_other_page_than_the_conversation_and_the_archive_shows_what_is_confidential(rows, console):
    """Nothing needs recording but what is recorded: neither messages nor secrets stand on any other page."""
    with system_scope("test"):
        keys = {label: a_row_of(label).pk for label in LABELS}
        looked_before = AuditEntry.objects.filter(action="view").count()
    urls = [page(label, "changelist") for label in LABELS]
    urls += [page(label, name, key) for label, key in keys.items() for name in ("change", "history")]

    shown = "".join(console.get(url).content.decode() for url in urls)

    assert "What does Acme cost?" not in shown
    assert "sk-live-of" not in shown
    with system_scope("test"):
        assert AuditEntry.objects.filter(action="view").count() == looked_before


def test_each_page_that_shows_it_keeps_who_looked(rows, console, cast):
    console.get(reverse("console:crm_lead_conversation", args=[rows.acme.lead.pk]))

    with system_scope("test"):
        looks = AuditEntry.objects.filter(action="view").values_list("model", "actor_name", "sub_account_id")
        assert list(looks) == [("crm.lead", cast.ada.name, cast.acme.pk)]
