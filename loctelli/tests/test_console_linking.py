"""Lists lead to what they name, to adding more of it, and a new sub-account's page to what it still lacks."""

import html
import re

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.tests.factories import LeadFactory
from loctelli.tests.console_cast import limited_admin, page, signed_in, text
from tenants.models import SubAccount
from tenants.scope import system_scope
from tenants.tests.factories import SubAccountFactory


def link_to(label, row):
    return f'<a class="console-link" href="{page(label, "change", row.pk)}">{row}</a>'


def links_in(response):
    return dict(re.findall(r'<a href="([^"]+)"><span[^>]*>add_circle</span>([^<]+)</a>', response.content.decode()))


def test_a_list_leads_to_whatever_its_rows_refer_to(rows, console, cast):
    listed = console.get(page("crm.booking", "changelist")).content.decode()

    for label, row in (
        ("crm.lead", rows.acme.lead),
        ("accounts.user", cast.alice),
        ("tenants.subaccount", cast.acme),
    ):
        assert link_to(label, row) in listed


def test_a_list_leads_nowhere_that_one_may_not_look(rows, cast):
    listed = signed_in(limited_admin("crm.view_booking", "crm.view_lead")).get(page("crm.booking", "changelist"))

    assert link_to("crm.lead", rows.acme.lead) in listed.content.decode()
    assert link_to("accounts.user", cast.alice) not in listed.content.decode()
    assert "Alice" in text(listed)


def test_an_incident_leads_to_its_sub_account_while_that_is_there(rows, console, cast):
    with system_scope("test"):
        rows.globex.incident.sub_account_id = 4711
        rows.globex.incident.save()

    listed = console.get(page("security.securityincident", "changelist"))

    assert link_to("tenants.subaccount", cast.acme) in listed.content.decode()
    assert "No. 4711" in text(listed)


def test_the_audit_trail_leads_to_what_was_changed_unless_it_is_gone(rows, console):
    console.post(page("crm.lead", "delete", rows.globex.lead.pk), {"post": "yes"})

    listed = console.get(page("security.auditentry", "changelist") + "?model__exact=crm.lead").content.decode()

    lines = re.findall(r"<tr.*?</tr>", listed, re.S)
    (deleted,) = [line for line in lines if re.search(r">\s*Delete\s*<", line)]
    assert link_to("crm.lead", rows.acme.lead) in listed
    assert "Lead of Globex" in deleted
    assert "/crm/lead/" not in deleted


def test_logs_are_filtered_by_a_sub_account_that_is_found_by_typing(rows, console, cast):
    with system_scope("test"):
        SubAccountFactory.create_batch(30, created_by_admin=cast.ada)
    url = page("security.securityincident", "changelist")

    offered = console.get(url).content.decode()
    of_acme = console.get(f"{url}?sub_account_id={cast.acme.pk}")
    nonsense = [console.get(f"{url}?sub_account_id={value}").status_code for value in ("x", "9" * 40, "-1", "%00")]

    select = re.search(r'<select name="sub_account_id".*?</select>', offered, re.S).group()
    assert select.count("<option") <= 1
    assert reverse("console:autocomplete") in select
    assert f'<option value="{cast.acme.pk}" selected>Acme</option>' in of_acme.content.decode()
    assert [row.pk for row in of_acme.context["cl"].result_list] == [rows.acme.incident.pk]
    assert nonsense == [200] * 4


def test_what_is_added_from_a_filtered_list_begins_with_what_it_was_filtered_by(rows, console, cast):
    filtered = console.get(page("agents.strategy", "changelist") + f"?sub_account__id__exact={cast.acme.pk}")

    add = re.search(r'href="([^"]+)" class="addlink', filtered.content.decode()).group(1).replace("&amp;", "&")
    form = console.get(add).context["adminform"].form

    assert form["sub_account"].value() == str(cast.acme.pk)


def test_a_meeting_added_from_a_leads_meetings_begins_with_the_lead_and_whose_it_is(rows, console, cast):
    filters = f"lead__id__exact%3D{rows.globex.lead.pk}"

    form = console.get(page("crm.booking", "add") + f"?_changelist_filters={filters}").context["adminform"].form
    hostile = [console.get(page("crm.booking", "add") + f"?lead={value}").status_code for value in ("x", "9" * 40)]

    assert form["lead"].value() == str(rows.globex.lead.pk)
    assert form["sub_account"].value() == cast.globex.pk
    assert hostile == [200, 200]


def test_an_agents_strategy_is_lacking_once_there_is_somebody_to_own_it(console, cast):
    with system_scope("test"):
        cast.acme_strategy.delete()

    shown = links_in(console.get(page("tenants.subaccount", "change", cast.acme.pk)))

    assert "Write its agent's strategy" in map(html.unescape, shown.values())


def test_a_new_sub_accounts_page_says_what_it_lacks_and_asks_once(console, ada):
    added = console.post(page("tenants.subaccount", "add"), {"name": "Initech", "is_active": "on", "settings": "null"})
    with system_scope("test"):
        made = SubAccount.objects.get(name="Initech")
    with CaptureQueriesContext(connection) as queries:
        shown = console.get(added.url)

    assert added.url == page("tenants.subaccount", "change", made.pk)
    assert list(links_in(shown).values()) == [
        "Invite its people",
        "Choose its prompt template",
        "Add a form",
        "Connect a service",
    ]
    assert all(f"?sub_account={made.pk}" in url for url in links_in(shown))
    assert sum("EXISTS" in query["sql"] and "subaccount_prompt_templates" in query["sql"] for query in queries) == 1


def test_what_one_may_not_add_is_not_said_to_be_lacking(cast):
    admin = limited_admin("tenants.view_subaccount", "forms.add_formtemplate")
    with system_scope("test"):
        bare = SubAccountFactory(created_by_admin=cast.ada)

    shown = signed_in(admin).get(page("tenants.subaccount", "change", bare.pk))

    assert list(links_in(shown).values()) == ["Add a form"]


def test_whoever_came_from_a_sub_accounts_page_is_led_back_to_it(rows, console, cast):
    form = {"sub_account": cast.globex.pk, "prompt_template": cast.template.pk, "is_active": "on"}
    with system_scope("test"):
        bare = SubAccountFactory(created_by_admin=cast.ada)
    add = page("agents.subaccountprompttemplate", "add")

    from_there = console.post(f"{add}?sub_account={bare.pk}", {**form, "sub_account": bare.pk})

    assert from_there.url == page("tenants.subaccount", "change", bare.pk)


def test_an_empty_list_and_a_search_that_finds_nothing_say_so_each_in_its_way(cast, console):
    url = page("crm.lead", "changelist")

    empty, unfound = text(console.get(url)), text(console.get(f"{url}?q=nobody+at+all"))

    assert "No leads yet" in empty
    assert "Reset filters" not in empty
    assert "No leads match what you look for" in unfound
    assert "Reset filters" in unfound


def test_what_is_left_out_between_two_pages_is_no_page(cast, console, monkeypatch):
    monkeypatch.setattr("crm.admin.LeadAdmin.list_per_page", 1)
    with system_scope("test"):
        LeadFactory.create_batch(30, strategy=cast.acme_strategy)

    pages = console.get(page("crm.lead", "changelist")).content.decode()

    assert "?p=30" in pages
    assert "p=%E2%80%A6" not in pages


def test_no_filter_counts_what_it_would_leave(rows, console):
    with CaptureQueriesContext(connection) as queries:
        shown = console.get(page("crm.lead", "changelist") + "?_facets=True")

    assert "Show counts" not in text(shown)
    assert not any("FILTER (WHERE" in query["sql"] for query in queries)
