"""Lists for people: bounded however long they are, filtered without asking what there is, and a click from the rest."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.paginator import Paginator
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from crm.models import ContactSubmission, Lead
from crm.tests.factories import LeadFactory
from loctelli.tests.console_cast import LABELS, READ_ONLY, limited_admin, page, signed_in, text
from security.models import AuthAttempt
from tenants.console import lists, paging
from tenants.console.lists import ListAdmin
from tenants.console.paging import AtLeast, BoundedPaginator
from tenants.scope import system_scope


def statements(client, url):
    asked = []

    def note(execute, sql, params, many, context):
        asked.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        assert client.get(url).status_code == 200
    return asked


@pytest.mark.parametrize("label", LABELS)
def test_no_list_counts_a_table_or_asks_it_which_values_there_are(label, rows, console):
    asked = statements(console, page(label, "changelist"))

    table = apps.get_model(label)._meta.db_table
    counts = [sql for sql in asked if "COUNT(" in sql and "LIMIT" not in sql and f'FROM "{table}"' in sql]
    distinct = [sql for sql in asked if "DISTINCT" in sql and label in BIG]
    assert (counts, distinct) == ([], [])


BIG = {"crm.lead", "crm.booking", "security.conversationmessage", "security.authattempt", "security.auditentry"}


@pytest.mark.parametrize("label", sorted(BIG))
def test_a_list_that_may_be_long_is_ordered_by_an_index(label, rows, console):
    table = apps.get_model(label)._meta.db_table
    listed = console.get(page(label, "changelist")).context["cl"].queryset[:50]

    with system_scope("test"), connection.cursor() as cursor:
        # Where an index serves, a table of three rows is looked up as one of a million would be.
        cursor.execute("SELECT set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true)")
        plan = listed.explain()

    assert f"Seq Scan on {table}" not in plan
    assert "Scan Backward using" in plan


def test_a_long_list_is_counted_to_a_bound_and_says_so(cast, console, monkeypatch):
    monkeypatch.setattr(paging, "MOST_COUNTED", 3)
    with system_scope("test"):
        for _ in range(5):
            LeadFactory(strategy=cast.acme_strategy)

    response = console.get(page("crm.lead", "changelist"))

    assert response.context["cl"].result_count == 3
    assert "3+ leads" in text(response)


def test_what_a_search_finds_is_counted_to_a_bound_of_its_own(cast, console, monkeypatch):
    monkeypatch.setattr(paging, "MOST_FOUND", 2)
    with system_scope("test"):
        for number in range(5):
            LeadFactory(strategy=cast.acme_strategy, name=f"Somebody {number}")

    assert "2+ leads" in text(console.get(page("crm.lead", "changelist"), {"q": "somebody"}))
    assert "5 leads" in text(console.get(page("crm.lead", "changelist")))


def test_where_no_index_serves_a_search_only_the_first_rows_are_read_and_it_says_so(cast, console, monkeypatch):
    with system_scope("test"):
        for number in range(3):
            AuthAttempt.objects.create(
                email=f"{number}@x.example", account_type="user", success=False, ip_address="192.0.2.1"
            )
        most = AuthAttempt.objects.count() - 1

    everything = text(console.get(page("security.authattempt", "changelist"), {"q": "x.exa"}))
    monkeypatch.setattr(lists, "MOST_SEARCHED", most)
    first = text(console.get(page("security.authattempt", "changelist"), {"q": "x.exa"}))

    warning = f"Only the first {most} rows were searched"
    assert ("3 auth attempts" in everything, warning in everything) == (True, False)
    assert ("2@x.example" in first, warning in first) == (True, True)


def test_at_the_bound_a_count_is_exact(cast, monkeypatch):
    monkeypatch.setattr(paging, "MOST_COUNTED", 3)
    with system_scope("test"):
        for _ in range(3):
            LeadFactory(strategy=cast.acme_strategy)
        count = BoundedPaginator(Lead.objects.order_by("pk"), 50).count

    assert (count, str(count), isinstance(count, AtLeast)) == (3, "3", False)
    assert str(AtLeast(10_000)) == "10,000+"
    assert BoundedPaginator([1, 2], 50).count == Paginator([1, 2], 50).count


@pytest.mark.parametrize("label", sorted(set(LABELS) - READ_ONLY))
def test_what_a_page_leads_to_can_be_opened(label, rows, console):
    key = None
    with system_scope("test"):
        key = apps.get_model(label)._base_manager.order_by("pk").last().pk

    links = console.get(page(label, "change", key)).context.get("related_links") or []

    assert [link.url for link in links if console.get(link.url).status_code != 200] == []
    if admin.site._registry[apps.get_model(label)].leads_to:
        assert links


def test_a_leads_page_leads_to_its_bookings_and_its_conversation(rows, console):
    lead = rows.acme.lead

    links = {
        str(link.label): link.url for link in console.get(page("crm.lead", "change", lead.pk)).context["related_links"]
    }
    listed = console.get(links["Bookings"]).context["cl"].queryset

    assert links["Conversation"] == reverse("console:crm_lead_conversation", args=[lead.pk])
    with system_scope("test"):
        assert [booking.lead_id for booking in listed] == [lead.pk]


def test_a_page_leads_only_to_what_one_may_view(rows, cast):
    limited = signed_in(limited_admin("accounts.view_user", "crm.view_lead"))

    links = limited.get(page("accounts.user", "change", cast.alice.pk)).context["related_links"]

    assert [str(link.label) for link in links] == ["Leads"]


def test_leads_are_found_by_part_of_a_name_or_of_a_phone_number(cast, console):
    with system_scope("test"):
        LeadFactory(strategy=cast.acme_strategy, name="Zoë Müller-Ångström", phone="+1 (212) 555-0142")
        LeadFactory(strategy=cast.globex_strategy, name="Somebody Else")

    def found(query):
        return [
            lead.name for lead in console.get(page("crm.lead", "changelist"), {"q": query}).context["cl"].result_list
        ]

    assert [found(query) for query in ("angstr", "2125550142", "555-01", "nobody")] == [
        ["Zoë Müller-Ångström"],
        ["Zoë Müller-Ångström"],
        ["Zoë Müller-Ångström"],
        [],
    ]


def test_what_is_no_search_finds_nothing_and_says_why(cast, console):
    response = console.get(page("crm.lead", "changelist"), {"q": "x" * 300})

    assert response.context["cl"].result_count == 0
    assert [str(message) for message in response.context["messages"]] != []


def test_months_are_those_of_whoever_looks(cast, console):
    with system_scope("test"):
        lead = LeadFactory(strategy=cast.acme_strategy, name="Around midnight")
        now = timezone.now()
        Lead.objects.filter(pk=lead.pk).update(created_at=now.replace(day=1, hour=3, minute=0, second=0, microsecond=0))

    def in_this_month():
        response = console.get(page("crm.lead", "changelist"), {"created_at_in": f"{now:%Y-%m}"})
        return [lead.name for lead in response.context["cl"].result_list]

    in_utc = in_this_month()
    console.cookies["loctelli_timezone"] = "America/Los_Angeles"

    assert in_utc == ["Around midnight"]
    assert in_this_month() == []


@pytest.mark.parametrize(
    "query", ["created_at_in=x", "created_at_in=2026-99", "status__exact=%00", "o=99", "when=x", "p=9999"]
)
def test_hostile_filters_are_no_error_of_the_server(query, rows, console):
    for label in ("crm.lead", "crm.booking", "security.authattempt"):
        assert console.get(f"{page(label, 'changelist')}?{query}", follow=True).status_code in (200, 400)


def test_notes_are_a_timeline_that_grows_under_the_admins_name(rows, console, ada):
    submission = rows.acme.contact
    url = page("crm.contactsubmission", "change", submission.pk)
    form = console.get(url).context["adminform"].form
    data = {name: value if value is not None else "" for name, value in form.initial.items()}

    for note in ("Called <b>twice</b>.", "Wants an offer."):
        assert console.post(url, {**data, "new_note": note, "_continue": ""}).status_code == 302
    html = console.get(url).content.decode()

    with system_scope("test"):
        notes = ContactSubmission.objects.get(pk=submission.pk).notes
    assert [(note["author_name"], note["author_id"], note["content"]) for note in notes] == [
        (ada.name, None, "Called <b>twice</b>."),
        (ada.name, None, "Wants an offer."),
    ]
    assert "Called &lt;b&gt;twice&lt;/b&gt;." in html
    assert html.index("Wants an offer.") < html.index("Called &lt;b&gt;")


def test_whoever_may_only_look_reads_the_notes_and_has_no_box(rows, cast):
    limited = signed_in(limited_admin("crm.view_contactsubmission"))

    response = limited.get(page("crm.contactsubmission", "change", rows.acme.contact.pk))

    assert response.status_code == 200
    assert "Add a note" not in text(response)


def test_attempts_are_found_by_a_whole_address_and_by_a_part_of_one(rows, console):
    def found(query):
        return console.get(page("security.authattempt", "changelist"), {"q": query}).context["cl"].result_count

    assert [
        found(query) for query in ("eve@x.example", "EVE@X.EXAMPLE", "192.0.2.1", "eve", "192.0", "nobody@x.example")
    ] == [
        2,
        2,
        2,
        2,
        2,
        0,
    ]


def test_every_list_is_one_of_ours():
    assert [
        model for model, model_admin in admin.site._registry.items() if not isinstance(model_admin, ListAdmin)
    ] == []


def test_labels_read_as_people_write_them(rows, console):
    said = text(console.get(page("crm.lead", "changelist"))) + text(
        console.get(page("crm.lead", "change", rows.acme.lead.pk))
    )

    assert [
        words
        for words in ("Sub account", "Regular user", "Custom id", "Created by admin", "Is active")
        if words in said
    ] == []
    assert "Sub-account" in said
