"""Every page of the console, for every model."""

import pytest
from django.contrib import admin
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tests.factories import UserFactory
from agents.tests.factories import StrategyFactory
from crm.tests.factories import BookingFactory, LeadFactory
from loctelli.tests.console_cast import LABELS, READ_ONLY, SECRETS, a_row_of, limited_admin, page, signed_in, text
from tenants.models import SubAccount
from tenants.scope import current_scope, is_bound, system_scope

WITHOUT_A_ROW, WITH_A_ROW = ("changelist", "add"), ("change", "history", "delete")


def pages_of(label):
    with system_scope("test"):
        key = a_row_of(label).pk
    return {name: page(label, name) for name in WITHOUT_A_ROW} | {name: page(label, name, key) for name in WITH_A_ROW}


# What the console shows beyond the document's models, each with its reason.
OURS = {
    "security.auditentry": "who changed what",
    "security.consolesession": "where admins are signed in, to end it",
    "offboarding.closing": "sub-accounts that are closed, and their archives",
    "tenants.backgroundaction": "actions on many rows, and how far they have come",
}


def test_the_console_shows_the_twenty_models_of_the_document_and_what_is_listed():
    registered = {model._meta.label_lower for model in admin.site._registry}

    assert registered == set(LABELS)
    assert len(registered - OURS.keys()) == 20


@pytest.mark.parametrize("label", LABELS)
def test_a_super_admin_opens_every_page(label, rows, console):
    refused = {"add", "delete"} if label in READ_ONLY else set()

    answers = {name: console.get(url).status_code for name, url in pages_of(label).items()}

    assert answers == {name: 403 if name in refused else 200 for name in answers}


@pytest.mark.parametrize("label", LABELS)
def test_no_page_holds_a_secret(label, rows, console, cast):
    with system_scope("test"):
        keys = list(a_row_of(label).__class__._base_manager.values_list("pk", flat=True))
    urls = [*pages_of(label).values(), *(page(label, "change", key) for key in keys)]

    found = {name for url in urls for name, secret in SECRETS.items() if secret in console.get(url).content.decode()}

    assert found == set()


def test_the_secrets_that_no_page_holds_are_really_stored(rows, cast):
    with system_scope("test"):
        integration = rows.acme.integration
        integration.refresh_from_db()
        stored = [cast.alice.password, integration.config["apiKey"], integration.sealed_webhook_secret]

        assert [value.split("$")[0][:7] for value in stored] == ["argon2", "enc:v1:", "enc:v1:"]
        assert integration.revealed_config["apiKey"] == SECRETS["api key"]
        assert integration.webhook_secret == SECRETS["webhook secret"]


@pytest.mark.parametrize("label", ["crm.lead", "crm.booking", "accounts.user", "agents.strategy"])
def test_a_list_costs_the_same_queries_for_few_and_many_rows(label, rows, console, cast):
    console.get(page(label, "changelist"))
    with CaptureQueriesContext(connection) as few:
        console.get(page(label, "changelist"))
    with system_scope("test"):
        for _ in range(10):
            user = UserFactory(sub_account=cast.acme)
            BookingFactory(lead=LeadFactory(strategy=StrategyFactory(regular_user=user)))

    with CaptureQueriesContext(connection) as many:
        response = console.get(page(label, "changelist"))

    assert response.context["cl"].result_count >= 12
    assert len(many) == len(few)
    assert not is_bound()


def test_pages_are_rendered_inside_the_scope(rows, console, cast):
    """Lists and choices are lazy: rendered after the scope had closed they would be empty or fail."""
    listed = text(console.get(page("crm.lead", "changelist")))
    chosen = text(console.get(page("crm.lead", "change", rows.globex.lead.pk)))
    url = reverse("console:autocomplete")
    query = {"app_label": "crm", "model_name": "lead", "field_name": "regular_user"}
    offered = {item["text"] for item in console.get(url, query).json()["results"]}

    assert [name for name in ("Lead of Acme", "Lead of Globex") if name not in listed] == []
    assert "Mallory" in chosen
    assert {"Alice · Acme", "Mallory · Globex"} <= offered


def test_a_streamed_answer_makes_each_chunk_in_a_scope_of_its_own(cast, ada):
    scopes = []

    def view(request):
        def chunks():
            for name in SubAccount.objects.order_by("pk").values_list("name", flat=True):
                scopes.append(current_scope())
                yield name.encode()

        return StreamingHttpResponse(chunks())

    request = RequestFactory().get("/console/stream/")
    request.user = ada
    response = admin.site.admin_view(view)(request)

    assert b" ".join(response.streaming_content) == b"ONBOARDING Acme Globex"
    assert all(scope.is_system for scope in scopes)
    assert not is_bound()


def test_an_answer_of_status_400_or_more_leaves_nothing_behind(cast, ada):
    def view(request):
        SubAccount.objects.create(name="Left behind", created_by_admin=ada)
        return HttpResponse(status=400)

    request = RequestFactory().post("/console/refused/")
    request.user, request._dont_enforce_csrf_checks = ada, True
    response = admin.site.admin_view(view)(request)

    with system_scope("test"):
        assert response.status_code == 400
        assert not SubAccount.objects.filter(name="Left behind").exists()


def test_an_exception_leaves_nothing_behind(cast, ada):
    def view(request):
        SubAccount.objects.create(name="Left behind", created_by_admin=ada)
        raise ZeroDivisionError

    request = RequestFactory().get("/console/broken/")
    request.user = ada
    with pytest.raises(ZeroDivisionError):
        admin.site.admin_view(view)(request)

    assert not is_bound()
    with system_scope("test"):
        assert not SubAccount.objects.filter(name="Left behind").exists()


def test_the_sidebar_has_the_documents_groups(rows, console):
    said = text(console.get(reverse("console:index")))

    positions = [said.index(f" {name} ") for name in ("Core", "Business", "Integration", "System", "Security")]
    assert positions == sorted(positions)


def test_a_conversation_is_read_on_a_page_of_its_own_and_who_read_it_is_kept(rows, console, ada):
    lead = rows.acme.lead
    told_before = text(console.get(page("crm.lead", "history", lead.pk)))

    of_the_lead = text(console.get(page("crm.lead", "change", lead.pk)))
    said = text(console.get(reverse("console:crm_lead_conversation", args=[lead.pk])))
    told = text(console.get(page("crm.lead", "history", lead.pk)))

    assert "What does Acme cost?" not in of_the_lead
    assert "What does Acme cost?" in said
    assert "&quot;content&quot;: &quot;Hello&quot;" in said
    assert "View Ada" not in told_before
    assert "View Ada" in told


def test_a_conversation_is_read_by_those_who_may_see_messages_alone(rows, cast):
    limited = signed_in(limited_admin("crm"))

    page_of_lead = text(limited.get(page("crm.lead", "change", rows.acme.lead.pk)))

    assert "Conversation with" not in page_of_lead
    assert limited.get(reverse("console:crm_lead_conversation", args=[rows.acme.lead.pk])).status_code == 403


HOSTILE = [
    "?q=%00",
    "?status__exact=%00",
    "?status__exact=%ED%A0%80",
    "?sub_account__id__exact=%00",
    "?sub_account__id__exact=99999999999999999999999",
    "?sub_account__id__exact=x",
    "?regular_user__password__startswith=argon2",
    "?created_at__year=9999",
    "?created_at__year=0",
    "?created_at__year=99999999999999999999",
    "?o=99.-1.x",
    "?p=x",
    "?p=99999999999999999999999",
    "?e=1",
    "?_to_field=password",
    "%00/change/",
    "99999999999999999999999/change/",
    "x/delete/",
    "x/history/",
    "x/nothing/",
]


@pytest.mark.parametrize("tail", HOSTILE)
def test_a_hostile_address_is_no_error_of_the_server(tail, rows, console):
    for label in ("crm.lead", "forms.formsubmission", "accounts.user"):
        tail_of_model = tail.replace("regular_user__password", "password") if label == "accounts.user" else tail
        assert console.get(page(label, "changelist") + tail_of_model, follow=True).status_code in (200, 400, 404)


@pytest.mark.parametrize("query", ["term=%00", "field_name=%00", "field_name=nothing", "page=x", "term=a&page=99"])
def test_a_hostile_autocomplete_is_no_error_of_the_server(query, rows, console):
    url = reverse("console:autocomplete") + f"?app_label=crm&model_name=lead&field_name=regular_user&{query}"

    assert console.get(url).status_code in (200, 400, 403, 404)


@pytest.mark.parametrize("query", ["s=a&page=x", "s=a&page=99", "s=%00", "s="])
def test_a_hostile_search_is_no_error_of_the_server(query, console):
    assert console.get(reverse("console:search") + f"?{query}").status_code in (200, 404)


def test_what_filters_do_not_ask_for_can_not_be_looked_up(rows, console):
    hashes = page("accounts.user", "changelist") + "?password__startswith=argon2"

    assert console.get(hashes).status_code == 400


def test_a_rows_history_shows_each_changed_field_who_changed_it_and_no_secret(rows, console, ada, cast):
    with system_scope("test"):
        lead = rows.acme.lead
    changed = console.post(
        page("crm.lead", "change", lead.pk),
        {
            "name": "Renamed",
            "regular_user": lead.regular_user_id,
            "strategy": lead.strategy_id,
            "status": "closed",
            "conversation_state": "null",
        },
    )

    history = text(console.get(page("crm.lead", "history", lead.pk)))

    assert changed.status_code == 302
    assert f"Name {lead.name} → Renamed" in history
    assert "Status lead → closed" in history
    assert f"{ada.name} (Admin, 127.0.0.1)" in history
    assert "Message history – → ***" in history
    assert "Message history *** → ***" not in history


def test_the_audit_trail_is_for_super_admins(rows, console):
    limited = signed_in(limited_admin("security", "crm"))
    addresses = pages_of("security.auditentry")

    assert {name: console.get(addresses[name]).status_code for name in ("changelist", "change")} == {
        "changelist": 200,
        "change": 200,
    }
    assert {limited.get(addresses[name]).status_code for name in ("changelist", "change")} == {403}
