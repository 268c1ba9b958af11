"""Search: what people type finds what was written, whichever way it is found, and nothing of anybody else's."""

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from crm.conversations import append_message
from crm.models import ContactSubmission, Lead
from crm.tests.factories import BookingFactory, ContactSubmissionFactory, LeadFactory
from loctelli.errors import InvalidRequest
from security.choices import MessageRole
from security.models import ConversationMessage
from tenants.scope import system_scope, tenant_scope
from tenants.search import index

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["by looking", "by the index"], autouse=True)
def way(request, monkeypatch):
    """Each test runs both ways: at these few rows the index would never be asked."""
    if request.param == "by the index":
        monkeypatch.setattr(index, "LOOKED_AT", 1)
        monkeypatch.setattr(index, "LOOKED_AT_FOR_ALL", 1)
        monkeypatch.setattr(index, "FOUND_BY_LOOKING", 2)
    return request.param


def rows(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [row[0] for row in cursor.fetchall()]


def find(queryset, text, **options):
    return queryset.model.search_index.find(queryset, text, shown=queryset, **options)


def leads_found(text):
    return [lead.name for lead in find(Lead.objects.order_by("name"), text)]


@pytest.fixture
def people(cast):
    def add(strategy, *names, **fields):
        return [LeadFactory(strategy=strategy, name=name, **fields) for name in names]

    with system_scope("test"):
        add(cast.acme_strategy, "Grace Holloway", email="grace.h@copperleaf.example", phone="+49 (0)30 1234-56")
        add(
            cast.acme_strategy, "José Müller-Jörgensen", email="jm@web.example", phone="030 987654", company="Straße AG"
        )
        add(cast.acme_strategy, "Cy Mueller", email=None, phone="(212) 555-0100", company="50% Off_Sale")
        add(cast.acme_strategy, "Ольга Иванова", email="olga@почта.example", custom_id="CRM-0042")
        add(cast.acme_strategy, "王伟", email="o'brien+x@web.example", company="Æther \\ Søn")
        add(cast.globex_strategy, "Grace Stranger", email="grace@globex.example", phone="+49 30 123456")
    return cast


FOUND = {
    # Part of a name, in whichever case and order, with or without accents.
    "loway": ["Grace Holloway"],
    "HOLLOWAY grace": ["Grace Holloway"],
    "grace muller": [],
    "jose": ["José Müller-Jörgensen"],
    "JOSÉ": ["José Müller-Jörgensen"],
    "jose\u0301": ["José Müller-Jörgensen"],
    "jorgensen": ["José Müller-Jörgensen"],
    "joergensen": ["José Müller-Jörgensen"],
    "muller": ["José Müller-Jörgensen"],
    "mueller": ["Cy Mueller", "José Müller-Jörgensen"],
    "Müller": ["Cy Mueller", "José Müller-Jörgensen"],
    "иван": ["Ольга Иванова"],
    "ИВАНОВА": ["Ольга Иванова"],
    # An address, a company, an id of one's own.
    "copperleaf": ["Grace Holloway"],
    "@web.example": ["José Müller-Jörgensen", "王伟"],
    "почта": ["Ольга Иванова"],
    "strasse": ["José Müller-Jörgensen"],
    "straße": ["José Müller-Jörgensen"],
    "aether": ["王伟"],
    "son": ["王伟"],
    "crm-0042": ["Ольга Иванова"],
    "o'brien+x": ["王伟"],
    # A phone number in any format.
    "3012345": ["Grace Holloway"],
    "30 12345": ["Grace Holloway"],
    "030 1234-56": ["Grace Holloway"],
    "+49 30 123456": ["Grace Holloway"],
    "+49 (0)30 1234-56": ["Grace Holloway"],
    "0049 30/123456": ["Grace Holloway"],
    "grace 030 12 34": ["Grace Holloway"],
    "+49 30 987654": ["José Müller-Jörgensen"],
    "+1 212 555 0100": ["Cy Mueller"],
    "212.555": ["Cy Mueller"],
    "5550101": [],
    # One or two characters begin a word.
    "g": ["Grace Holloway"],
    "ho": ["Grace Holloway"],
    "lo": [],
    "cy": ["Cy Mueller"],
    "王": ["王伟"],
    "王伟": ["王伟"],
    "49": ["Grace Holloway"],
    # What is no letter is itself.
    "%": [],
    "50%": ["Cy Mueller"],
    "off_s": ["Cy Mueller"],
    "off%s": [],
    "offxs": [],
    "\\": ["王伟"],
    "___": [],
    "{": [],
    "'; DROP TABLE leads; --": [],
}


@pytest.mark.parametrize("text", FOUND)
def test_what_is_typed_finds_what_was_written(people, text):
    with tenant_scope(people.acme.pk):
        assert leads_found(text) == FOUND[text]


@pytest.mark.parametrize("text", ["", "   ", "\u3000"])
def test_nothing_typed_leaves_the_list_as_it_is(people, text):
    with tenant_scope(people.acme.pk):
        assert len(leads_found(text)) == 5


def test_a_search_is_of_the_rows_that_are_filtered_already(people):
    with tenant_scope(people.acme.pk):
        queryset = Lead.objects.filter(company__isnull=True).order_by("name")

        assert [lead.name for lead in find(queryset, "example")] == [
            "Grace Holloway",
            "Ольга Иванова",
        ]
        assert list(find(Lead.objects.filter(pk__in=[]).order_by("name"), "example")) == []


def test_the_platform_searches_all_sub_accounts_or_one(people):
    with system_scope("test"):
        assert leads_found("grace") == ["Grace Holloway", "Grace Stranger"]
        narrowed = Lead.objects.filter(sub_account=people.globex).order_by("name")
        found = find(narrowed, "grace", sub_account_id=people.globex.pk)
        assert [lead.name for lead in found] == ["Grace Stranger"]


def test_a_change_is_found_at_once(people):
    with tenant_scope(people.acme.pk):
        Lead.objects.filter(name="Cy Mueller").update(name="Zoë Quark")

        assert leads_found("quark") == ["Zoë Quark"]
        assert leads_found("cy") == []


def test_contact_submissions_are_found_by_what_was_written_too(cast):
    with system_scope("test"):
        for sub_account in (cast.acme, cast.globex):
            ContactSubmissionFactory(sub_account=sub_account, full_name="René", message="We need a\nsecond KITCHEN.")
        ContactSubmissionFactory(sub_account=cast.acme, full_name="Wordy", message="word " * 400 + "kitchen")

    with tenant_scope(cast.acme.pk):
        for text in ("rene", "kitchen second", "2125550100 rené", "consult rene"):
            found = find(ContactSubmission.objects.order_by("id"), text)
            assert [(row.full_name, row.sub_account_id) for row in found] == [("René", cast.acme.pk)]


def test_bookings_and_messages_are_found_by_their_lead(people, as_alice, as_mallory):
    with system_scope("test"):
        for lead in Lead.objects.filter(name__startswith="Grace"):
            BookingFactory(lead=lead)
            append_message(lead, role=MessageRole.USER, content="Hello")
        BookingFactory(lead=Lead.objects.get(name="Cy Mueller"))
        everybody_s = ConversationMessage.objects.order_by("pk")
        assert len(find(everybody_s, "grace")) == 2
        assert [message.lead.name for message in find(everybody_s, "holloway")] == ["Grace Holloway"]

    for client, text, names in (
        (as_alice, "grace", ["Grace Holloway"]),
        (as_alice, "030 1234", ["Grace Holloway"]),
        (as_alice, "mueller", ["Cy Mueller"]),
        (as_alice, "stranger", []),
        (as_mallory, "grace", ["Grace Stranger"]),
    ):
        found = client.get("/api/v1/bookings/", {"search": text, "include": "lead"}).json()["results"]
        assert (text, [booking["lead"]["name"] for booking in found]) == (text, names)


# The functions' own walls.


def test_the_function_shows_a_tenant_its_own_rows_alone(people):
    with tenant_scope(people.acme.pk):
        own = rows("SELECT search_leads(ARRAY['grace'], 100)")
        assert [Lead.objects.get(pk=key).name for key in own] == ["Grace Holloway"]
        assert rows("SELECT search_leads(ARRAY['stranger'], 100)") == []
        assert len(rows("SELECT search_leads(ARRAY[]::text[], 100)")) == 5
        assert rows("SELECT search_leads(ARRAY['grace'], 100) WHERE set_config('search_path', '', true) = ''") == own


def test_the_function_shows_nothing_to_nobody(people):
    with system_scope("test"):
        assert rows("SELECT search_leads(ARRAY['grace'], 100)") == []
    assert rows("SELECT search_leads(ARRAY['grace'], 100)") == []


@pytest.mark.parametrize("table", ["leads", "contact_submissions"])
def test_a_tenant_can_t_name_whom_to_search(people, table):
    with tenant_scope(people.acme.pk):
        for owner in (str(people.globex.pk), "NULL"):
            with pytest.raises(DatabaseError) as refusal, transaction.atomic():
                rows(f"SELECT search_{table}_of({owner}, ARRAY['grace'], 100)")

            assert isinstance(refusal.value.__cause__, psycopg.errors.InsufficientPrivilege)


def test_another_s_row_is_not_found_through_the_api(people, as_mallory):
    for text in ("grace", "123456", "globex.example", "example"):
        found = as_mallory.get("/api/v1/leads/", {"search": text, "fields": "name"}).json()
        assert [lead["name"] for lead in found["results"]] == ["Grace Stranger"]


def test_pages_of_a_search_go_on_where_the_one_before_ended(people, as_alice):
    url, names = "/api/v1/leads/?search=example&page_size=1&ordering=name", []

    while url:
        page = as_alice.get(url).json()
        names += [lead["name"] for lead in page["results"]]
        url = page["next"]

    assert names == sorted(names)
    assert len(names) == 4


REFUSED = {
    "x" * 201: "max_length",
    " ".join("abcdefghijk"): "too_many_words",
    "a\x07b": "invalid_characters",
    "\x00": "invalid_characters",
    "a\ud800": "invalid_characters",
    "a\tb": "invalid_characters",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_no_name_contains_is_refused(people, text):
    with tenant_scope(people.acme.pk), pytest.raises(InvalidRequest) as refusal:
        leads_found(text)

    assert [(error["path"], error["code"]) for error in refusal.value.errors] == [("search", REFUSED[text])]
