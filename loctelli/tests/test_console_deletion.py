"""Deleting in the console: it tells beforehand, and what is refused explains itself."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection

from accounts.choices import UserRole
from accounts.models import User
from agents.models import PromptTemplate
from agents.tests.factories import PromptTemplateFactory
from crm.models import ContactSubmission
from loctelli.tests.console_cast import exists, limited_admin, page, signed_in, text
from security.models import ConversationMessage
from tenants import background
from tenants.deletion import what_goes_along
from tenants.scope import system_scope
from tenants.tests.factories import SubAccountFactory


def test_the_confirmation_tells_what_goes_along_and_the_deletion_does_it(rows, cast, console):
    url = page("accounts.user", "delete", cast.alice.pk) + "?last_admin=true"

    asked = text(console.get(url))
    console.post(url, {"post": "yes"})

    for sentence in ("Delete the user “Alice”?", "1 strategy", "1 lead", "1 booking", "1 conversation message"):
        assert sentence in asked
    assert not exists(cast.alice)
    assert not exists(rows.acme.lead)
    assert exists(rows.globex.lead)


@pytest.mark.parametrize(
    ("label", "which", "sentences"),
    [
        ("tenants.subaccount", lambda cast, rows: cast.acme, ["1 contact submission", "1 form submission"]),
        ("tenants.subaccount", lambda cast, rows: cast.onboarding, ["ONBOARDING, where new people wait"]),
        ("accounts.user", lambda cast, rows: cast.system, ["The system user can't be deleted."]),
        ("accounts.adminuser", lambda cast, rows: cast.ada, ["your own account", "3 sub-accounts"]),
        ("agents.prompttemplate", lambda cast, rows: cast.template, ["2 strategies refer to it"]),
        (
            "integrations.integrationtemplate",
            lambda cast, rows: rows.acme.integration.integration_template,
            ["1 integration refers to it"],
        ),
        ("forms.formtemplate", lambda cast, rows: rows.acme.form, ["1 form submission refers to it"]),
    ],
)
def test_a_refused_deletion_explains_itself_with_counts(label, which, sentences, rows, cast, console):
    row = which(cast, rows)
    url = page(label, "delete", row.pk)

    asked = console.get(url)
    confirmed = console.post(url, {"post": "yes"})
    selected = console.post(
        page(label, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    )

    assert exists(row)
    for answer in (asked, confirmed, selected):
        said = text(answer).replace("&#x27;", "'")
        assert answer.status_code == 200
        assert [sentence for sentence in sentences if sentence not in said] == []
        assert "can't be deleted" in said
        assert 'name="post"' not in answer.content.decode()


def test_one_that_stands_keeps_the_others_of_a_selection(rows, cast, console):
    with system_scope("test"):
        free = SubAccountFactory(created_by_admin=cast.ada)

    answer = console.post(
        page("tenants.subaccount", "changelist"),
        {"action": "delete_selected", "_selected_action": [free.pk, cast.acme.pk], "post": "yes"},
    )

    assert "can't be deleted" in text(answer).replace("&#x27;", "'")
    assert exists(free)


def test_several_are_deleted_at_once_with_what_goes_along(rows, cast, console):
    keys = [cast.alice.pk, cast.mallory.pk]
    with system_scope("test"):
        User.objects.filter(pk__in=keys).update(role=UserRole.USER)
    url = page("accounts.user", "changelist")

    asked = text(console.post(url, {"action": "delete_selected", "_selected_action": keys}))
    console.post(url, {"action": "delete_selected", "_selected_action": keys, "post": "yes"})

    assert "Delete 2 users?" in asked
    assert "2 leads" in asked
    assert not exists(cast.alice)
    assert not exists(cast.mallory)


def test_what_the_database_refuses_after_all_is_explained_and_nothing_is_half_deleted(rows, cast, console, monkeypatch):
    """Somebody writes through a form between the look and the deletion."""
    monkeypatch.setattr("tenants.console.model_admin.what_goes_along", lambda rows: what_goes_along([]))
    sub_accounts, key = page("tenants.subaccount", "changelist"), cast.acme.pk

    one = console.post(page("tenants.subaccount", "delete", key), {"post": "yes"}, follow=True)
    many = console.post(
        sub_accounts, {"action": "delete_selected", "_selected_action": [key], "post": "yes"}, follow=True
    )

    for answer in (one, many):
        assert answer.status_code == 200
        assert "Nothing was deleted. This can't be deleted while" in text(answer).replace("&#x27;", "'")
    assert exists(rows.acme.lead)
    with system_scope("test"):
        assert not LogEntry.objects.exists()


def test_an_admin_without_the_right_to_what_goes_along_is_told(rows, cast):
    client = signed_in(limited_admin("accounts.user"))
    url = page("accounts.user", "delete", cast.alice.pk) + "?last_admin=true"

    asked = client.get(url)
    confirmed = client.post(url, {"post": "yes"})

    assert "You may not delete what would be deleted along: bookings leads strategies" in " ".join(
        sorted_kinds(text(asked))
    )
    assert confirmed.status_code == 403
    assert exists(cast.alice)


def sorted_kinds(said):
    """The kinds come as a set: put them in order."""
    head, _, tail = said.partition("deleted along:")
    kinds = tail.split()[:3]
    return [head + "deleted along:", *sorted(kinds)]


def test_messages_go_with_their_lead_though_nobody_may_delete_them(rows, cast):
    client = signed_in(limited_admin("crm.lead"))

    client.post(page("crm.lead", "delete", rows.acme.lead.pk), {"post": "yes"})

    assert not exists(rows.acme.lead)
    with system_scope("test"):
        assert ConversationMessage.objects.filter(sub_account=cast.acme).count() == 0


def test_contacts_lose_only_their_assignment(rows, cast, console):
    with system_scope("test"):
        ContactSubmission.objects.filter(pk=rows.acme.contact.pk).update(assigned_to=cast.alice)
    url = page("accounts.user", "delete", cast.alice.pk) + "?last_admin=true"

    asked = text(console.get(url))
    console.post(url, {"post": "yes"})

    assert "Would stay, without the reference 1 contact submission (assigned to)" in asked
    with system_scope("test"):
        rows.acme.contact.refresh_from_db()
    assert rows.acme.contact.assigned_to_id is None
    assert rows.acme.contact.sub_account_id == cast.acme.pk
    assert connection.in_atomic_block


def test_many_are_deleted_by_the_worker_and_what_must_stay_stays(rows, cast, console, monkeypatch):
    monkeypatch.setattr(background, "IN_ONE_REQUEST", 2)
    with system_scope("test"):
        PromptTemplate.objects.exclude(pk=cast.template.pk).delete()
        PromptTemplateFactory.create_batch(4, created_by_admin=cast.ada)
    url = page("agents.prompttemplate", "changelist")
    form = {"action": "delete_selected", "select_across": "1", "_selected_action": ["0"]}

    asked = text(console.post(url, form))
    begun = console.post(url, {**form, "confirmed": "1"})
    action = begun.url.split("/")[-3]
    background.run(action)
    over = text(console.get(begun.url))

    assert "Delete: 5 prompt templates" in asked
    assert "2 chosen prompt templates" in asked
    assert "All 5 rows are done; 4 were changed." in over
    assert "1 row was left as it is: other things refer to it." in over
    with system_scope("test"):
        assert list(PromptTemplate.objects.all()) == [cast.template]
