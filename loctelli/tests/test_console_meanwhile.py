"""Two admins at the same row: the second is told, and nothing is silently overwritten."""

import json
from html.parser import HTMLParser

import pytest
from django.contrib import admin

from accounts.models import AdminUser, User
from accounts.tests.factories import AdminUserFactory
from crm.models import Lead
from integrations.models import Integration
from loctelli.tests.console_cast import LABELS, READ_ONLY, a_row_of, page, signed_in
from tenants.console import step_up
from tenants.console.forms import ConsoleForm
from tenants.scope import system_scope

CHANGEABLE = [label for label in LABELS if label not in READ_ONLY]


class Fields(HTMLParser):
    """What a browser would send of a page's main form."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.data: dict[str, str] = {}
        self.textarea = self.select = None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        name = found.get("name")
        if tag == "input" and name and found.get("type") not in ("submit", "button", "checkbox"):
            # The first line end within a textarea is no part of it, and hidden values keep theirs.
            self.data[name] = (found.get("value") or "").replace("\n", "\r\n")
        elif tag == "input" and name and found.get("type") == "checkbox" and "checked" in found:
            self.data[name] = found.get("value") or "on"
        elif tag == "textarea":
            self.textarea, self.data[name] = name, ""
        elif tag == "select":
            self.select, self.data[name] = name, ""
        elif tag == "option" and self.select and "selected" in found:
            self.data[self.select] = found["value"]

    def handle_data(self, data):
        if self.textarea:
            self.data[self.textarea] += data.replace("\n", "\r\n")

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.data[self.textarea] = self.data[self.textarea].removeprefix("\r\n")
            self.textarea = None
        elif tag == "select":
            self.select = None


def opened(client, address: str) -> dict[str, str]:
    return Fields(client.get(address).content.decode()).data


def errors_of(response) -> dict[str, list[str]]:
    return {name: list(errors) for name, errors in response.context["adminform"].form.errors.items()}


@pytest.fixture
def ben(cast):
    with system_scope("test"):
        return AdminUserFactory(name="Ben <b>Byrne</b>", role="super_admin")


@pytest.fixture
def address(rows):
    return page("crm.lead", "change", rows.acme.lead.pk)


def stored(lead) -> Lead:
    with system_scope("test"):
        return Lead.objects.get(pk=lead.pk)


@pytest.mark.parametrize("label", CHANGEABLE)
def test_a_page_that_nobody_else_touched_is_saved(label, rows, ada):
    console = signed_in(ada)
    with system_scope("test"):
        row = a_row_of(label)
    address = page(label, "change", row.pk)
    data = opened(console, address)

    answer = console.post(address, data)

    assert [name for name in data if name.startswith("initial-")]
    assert answer.status_code == 302, errors_of(answer)


def test_the_second_is_told_who_changed_what_and_nothing_is_saved(rows, address, ada, ben):
    first, second = signed_in(ben), signed_in(ada)
    theirs, mine = opened(first, address), opened(second, address)
    first.post(address, {**theirs, "company": "Reed & Sons", "notes": "Call on Friday."})

    answer = second.post(address, {**mine, "notes": "Call on Monday.", "position": "Owner"})

    found = errors_of(answer)
    assert list(found) == ["__all__", "notes"]
    assert "Nothing was saved yet" in found["__all__"][0]
    assert "Ben &lt;b&gt;Byrne&lt;/b&gt; changed “Company” to “Reed &amp; Sons” (" in found["__all__"][1]
    assert "changed “Notes” to “Call on Friday.”" in found["notes"][0]
    assert stored(rows.acme.lead).notes == "Call on Friday."
    assert stored(rows.acme.lead).position != "Owner"


def test_saving_once_more_keeps_both_ones_changes(rows, address, ada, ben):
    first, second = signed_in(ben), signed_in(ada)
    theirs, mine = opened(first, address), opened(second, address)
    first.post(
        address, {**theirs, "company": "Reed & Sons", "notes": "Call on Friday.", "conversation_state": '{"a": 1}'}
    )
    told = second.post(address, {**mine, "notes": "Call on Monday."})

    again = Fields(told.content.decode()).data
    answer = second.post(address, again)

    lead = stored(rows.acme.lead)
    assert (again["company"], again["notes"]) == ("Reed & Sons", "Call on Monday.")
    assert answer.status_code == 302
    assert (lead.company, lead.notes, lead.conversation_state) == ("Reed & Sons", "Call on Monday.", {"a": 1})


def test_a_third_change_is_told_again(rows, address, ada, ben):
    first, second = signed_in(ben), signed_in(ada)
    theirs, mine = opened(first, address), opened(second, address)
    first.post(address, {**theirs, "company": "Reed & Sons"})
    again = Fields(second.post(address, {**mine, "notes": "Mine."}).content.decode()).data
    first.post(address, {**opened(first, address), "company": "Reed & Daughters"})

    answer = second.post(address, again)

    assert "Reed &amp; Daughters" in errors_of(answer)["__all__"][1]


def test_what_the_conversation_writes_meanwhile_is_kept_and_in_nobodys_way(rows, address, ada):
    console = signed_in(ada)
    data = opened(console, address)
    with system_scope("test"):
        Lead.objects.filter(pk=rows.acme.lead.pk).update(last_message_date="2027-01-01T00:00:00Z")

    answer = console.post(address, {**data, "notes": "Mine."})

    assert answer.status_code == 302
    assert stored(rows.acme.lead).last_message_date == "2027-01-01T00:00:00Z"


def test_pretending_to_have_seen_it_so_does_not_get_around_the_step_up(rows, ada, ben, monkeypatch):
    monkeypatch.setattr(step_up, "is_done", lambda request: False)
    console, address = signed_in(ada), page("accounts.adminuser", "change", ben.pk)
    data = {**opened(console, address), "role": "admin", "initial-role": "admin"}

    answer = console.post(address, data)

    with system_scope("test"):
        assert AdminUser.objects.get(pk=ben.pk).role == "super_admin"
    assert answer.status_code == 200


def test_a_secret_in_place_of_another_is_told_too(rows, ada, ben, monkeypatch):
    monkeypatch.setattr(step_up, "is_done", lambda request: True)
    first, second = signed_in(ben), signed_in(ada)
    address = page("integrations.integration", "change", rows.acme.integration.pk)
    theirs, mine = opened(first, address), opened(second, address)
    config = {"locationId": "loc_1", "apiKey": "key-of-ben"}
    first.post(address, {**theirs, "config": json.dumps(config)})

    answer = second.post(address, {**mine, "config": json.dumps({**config, "apiKey": "key-of-ada"})})
    with system_scope("test"):
        kept = Integration.objects.get(pk=rows.acme.integration.pk).revealed_config
    again = second.post(address, Fields(answer.content.decode()).data)

    assert "Ben &lt;b&gt;Byrne&lt;/b&gt; changed “Connection" in errors_of(answer)["config"][0]
    assert kept["apiKey"] == "key-of-ben"
    assert again.status_code == 302
    with system_scope("test"):
        assert Integration.objects.get(pk=rows.acme.integration.pk).revealed_config["apiKey"] == "key-of-ada"


def test_a_row_that_is_gone_is_said_to_be(rows, ada, cast):
    console = signed_in(ada)
    with system_scope("test"):
        user = User.objects.create(name="Bo", email="bo@acme.example", sub_account=cast.acme, password="!")
    address = page("accounts.user", "change", user.pk)
    data = opened(console, address)
    with system_scope("test"):
        user.delete()

    answer = console.post(address, data, follow=True)

    assert "deleted" in answer.content.decode()


def test_every_form_of_a_row_tells():
    """What is edited in a list or as part of another row's page stands on the same form."""
    told = [
        form
        for model_admin in admin.site._registry.values()
        for form in (model_admin.form, *(inline.form for inline in model_admin.inlines if inline.max_num != 0))
    ]

    assert [form for form in told if not issubclass(form, ConsoleForm)] == []
    assert [model_admin for model_admin in admin.site._registry.values() if model_admin.list_editable] == []
