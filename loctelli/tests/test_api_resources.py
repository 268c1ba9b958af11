"""The conventions over HTTP, on resources declared as any app would."""

from itertools import chain

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import issue_token
from crm.models import Booking, Lead
from tenants.scope import system_scope, tenant_scope

pytest_plugins = ["loctelli.tests.api_cast"]
pytestmark = pytest.mark.django_db


def errors_of(response) -> list[tuple[str, str]]:
    assert set(response.json()) == {"code", "detail", "errors"}
    return sorted((error["path"], error["code"]) for error in response.json()["errors"])


# Bodies.


def test_a_row_is_made_read_changed_and_deleted(one):
    made = one.send("POST", "leads/", {"name": "Lee", "regular_user_id": one.user.pk, "strategy_id": one.strategy.pk})
    path = f"leads/{made.json()['id']}/"
    changed = one.send("PATCH", path, {"notes": "Calls back."})

    assert made.status_code == 201
    assert made.json()["sub_account_id"] == one.sub_account.pk
    assert made.json()["created_at"].endswith("Z")
    assert changed.json()["notes"] == "Calls back."
    assert changed.json()["updated_at"] > made.json()["updated_at"]
    assert one.get(path).json() == changed.json()
    assert one.send("DELETE", path).status_code == 204
    assert one.get(path).status_code == 404
    assert one.send("PUT", path, {}).status_code == 405


def test_a_body_is_refused_with_the_path_of_each_fault(one):
    data = {
        "name": 5,
        "email": "nonsense",
        "notes": "x" * 50_001,
        "conversation_state": [],
        "regular_user_id": "1",
        "strategy_id": one.strategy.pk,
        "id": 7,
        "sub_account_id": 1,
        "colour": "red",
    }
    response = one.send("POST", "leads/", data)

    assert response.status_code == 400
    assert response.json()["code"] == "validation_error"
    assert errors_of(response) == [
        ("colour", "unknown_field"),
        ("conversation_state", "not_an_object"),
        ("email", "invalid"),
        ("id", "read_only"),
        ("name", "invalid"),
        ("notes", "max_length"),
        ("regular_user_id", "incorrect_type"),
        ("sub_account_id", "read_only"),
    ]


@pytest.mark.parametrize(
    ("body", "code"), [("[]", "invalid"), ('"x"', "invalid"), ("5", "invalid"), ("true", "invalid"), ("null", "null")]
)
def test_a_body_that_is_no_object_is_refused(one, body, code):
    response = one.send("POST", "leads/", raw=body.encode())

    assert response.status_code == 400
    assert errors_of(response) == [("", code)]


def test_what_is_set_on_creation_only_stays(one):
    lead = one.lead()

    response = one.send("PATCH", f"leads/{lead['id']}/", {"message_history": [{"role": "user"}]})

    assert errors_of(response) == [("message_history", "read_only")]


def test_a_foreign_row_is_answered_like_one_that_does_not_exist(one, two):
    lead = two.lead()
    mine = one.lead()

    there, nowhere = (
        one.send("PATCH", f"leads/{mine['id']}/", {"regular_user_id": pk}) for pk in (two.user.pk, 10**15)
    )

    assert one.get(f"leads/{lead['id']}/").status_code == 404
    assert one.send("PATCH", f"leads/{lead['id']}/", {"name": "x"}).status_code == 404
    assert one.send("DELETE", f"leads/{lead['id']}/").status_code == 404
    assert errors_of(there) == [("regular_user_id", "does_not_exist")]
    assert there.content == nowhere.content


@pytest.mark.parametrize("pk", ["0x1", "-1", "9" * 19, "1.0", "%00", "cabc", "٣"])
def test_a_malformed_key_is_not_found(one, pk):
    response = one.get(f"leads/{pk}/")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_what_is_sent_in_another_type_is_refused(one):
    client = Client(headers={"Authorization": f"Bearer {issue_token(one.user)}"})

    form = client.post("/api/v1/leads/", {"name": "x"})
    untyped = client.generic("POST", "/api/v1/leads/", b'{"name": "x"}', content_type="")

    assert (form.status_code, form.json()["code"]) == (415, "unsupported_media_type")
    assert untyped.status_code == 415


def test_without_a_user_there_is_nothing_but_a_challenge(one):
    response = Client().get("/api/v1/leads/")

    assert response.status_code == 401
    assert response.json()["code"] == "not_authenticated"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "QUERY"])
def test_a_method_that_is_not_taken_is_named_so(one, method):
    response = one.send(method, "leads/")

    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"
    assert response.headers["Allow"] == "GET, POST, HEAD"


# Constraints.


def test_a_broken_unique_constraint_names_its_field(one, two):
    taken = {"name": "Roofs", "slug": "roofs", "title": "Roofs", "schema": []}
    two.send("POST", "form-templates/", taken)

    response = one.send("POST", "form-templates/", taken)

    assert response.status_code == 400
    assert errors_of(response) == [("slug", "unique")]
    assert one.get("form-templates/").json()["results"] == []


def test_a_broken_check_constraint_names_its_field(one):
    response = one.send("PATCH", f"users/{one.user.pk}/", {"role": "system"})

    assert response.status_code == 400
    assert response.json()["code"] == "validation_error"


# Selection.


def test_fields_and_includes_nest_as_the_document_shows(one):
    one.lead()

    account = one.get("sub-account/?include=users.strategies&fields=id,users.name,users.strategies.name").json()
    lead = one.get("leads/?fields=id,name,sub_account.name").json()["results"][0]
    whole = one.get("leads/?include=regular_user,strategy,bookings").json()["results"][0]

    assert account == {
        "id": one.sub_account.pk,
        "users": [{"name": one.user.name, "strategies": [{"name": "x"}]}],
    }
    assert lead == {"id": lead["id"], "name": "Lee", "sub_account": {"name": "one"}}
    assert whole["regular_user"]["email"] == one.user.email
    assert whole["strategy"]["ai_role"] == "x"
    assert whole["bookings"] == []


def test_only_the_named_columns_are_read(one):
    one.lead(notes="secret")

    with CaptureQueriesContext(connection) as queries:
        one.get("leads/?fields=name,regular_user.name")

    (query,) = (query["sql"] for query in queries if '"leads"' in query["sql"])
    assert '"leads"."name"' in query
    assert '"leads"."notes"' not in query
    assert '"users"."password"' not in query


@pytest.mark.parametrize(
    "path",
    [
        "leads/?include=regular_user.strategies,strategy.regular_user,bookings.lead,sub_account",
        "leads/?fields=last_message,sub_account.users",
        "users/?include=strategies.leads,strategies.regular_user",
        "bookings/?include=lead.strategy",
    ],
)
def test_a_list_costs_the_same_queries_for_1_and_for_30_rows(one, path):
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert one.get(path).status_code == 200
        return len(found)

    booking = {"booking_type": "demo", "details": {}, "regular_user_id": one.user.pk}
    one.send("POST", "bookings/", {**booking, "lead_id": one.lead()["id"]})
    first = queries()
    for _ in range(29):
        one.send("POST", "bookings/", {**booking, "lead_id": one.lead()["id"]})

    assert queries() == first


def test_a_sealed_column_is_opened_without_a_query_per_row(one):
    for _ in range(3):
        one.lead()
    with tenant_scope(one.sub_account.pk):
        for lead in Lead.objects.all():
            lead.last_message = "Call me."
            lead.save(update_fields=["last_message"])
    one.get("leads/?fields=last_message&page_size=1")

    with CaptureQueriesContext(connection) as queries:
        leads = one.get("leads/?fields=last_message").json()["results"]

    assert leads == [{"last_message": "Call me."}] * 3
    assert sum('FROM "leads"' in query["sql"] for query in queries) == 1


def test_an_included_relation_shows_its_first_hundred_rows(one):
    with system_scope("many leads"):
        Lead.objects.bulk_create(
            Lead(sub_account=one.sub_account, name=f"{n}", regular_user=one.user, strategy=one.strategy)
            for n in range(130)
        )
    leads = one.get("users/?include=strategies.leads").json()["results"][0]["strategies"][0]["leads"]

    assert [lead["name"] for lead in leads] == [f"{n}" for n in range(100)]


@pytest.mark.parametrize(
    ("query", "path", "code"),
    [
        ("fields=nonsense", "fields", "unknown_field"),
        ("fields=", "fields", "unknown_field"),
        ("fields=%1Cid", "fields", "unknown_field"),
        ("status=", "status", "empty"),
        ("fields=password", "fields", "unknown_field"),
        ("fields=regular_user.password", "fields", "unknown_field"),
        ("include=conversation_messages", "include", "unknown_include"),
        ("include=regular_user.leads", "include", "unknown_include"),
        ("include=regular_user.strategies.leads", "include", "too_deep"),
        ("fields=a.b.c.d", "fields", "too_deep"),
        ("page=2", "page", "unknown_parameter"),
        ("count=true&count=true", "count", "repeated_parameter"),
        ("search=%00", "", "invalid_characters"),
        ("search=%ED%A0%80", "", "invalid_encoding"),
        ("search=" + "x" * 201, "search", "max_length"),
        ("count=yes", "count", "invalid"),
        ("page_size=0", "page_size", "out_of_range"),
        ("page_size=201", "page_size", "out_of_range"),
        ("page_size=٣", "page_size", "out_of_range"),
        ("ordering=notes", "ordering", "invalid_ordering"),
        ("ordering=--name", "ordering", "invalid_ordering"),
        ("cursor=abc", "cursor", "invalid_cursor"),
        ("strategy_id=abc", "strategy_id", "invalid"),
        ("strategy_id=9223372036854775808", "strategy_id", "max_value"),
        ("email__isnull=perhaps", "email__isnull", "invalid"),
        ("created_at__gte=yesterday", "created_at__gte", "invalid"),
    ],
)
def test_a_query_is_refused_by_parameter_and_code(one, query, path, code):
    response = one.get(f"leads/?{query}")

    assert response.status_code == 400
    assert errors_of(response) == [(path, code)]


def test_filters_and_search_find_what_they_say(one):
    one.lead(name="Ann Bell", status="qualified", email="ann@example.com")
    one.lead(name="Bob Bell", status="booked")
    one.lead(name="Cy Dee")

    def names(query: str) -> list[str]:
        return [lead["name"] for lead in one.get(f"leads/?ordering=name&{query}").json()["results"]]

    assert names("status=booked") == ["Bob Bell"]
    assert names("status__in=booked,qualified") == ["Ann Bell", "Bob Bell"]
    assert names("email__isnull=false") == ["Ann Bell"]
    assert names("search=bell") == ["Ann Bell", "Bob Bell"]
    assert names("search=BELL+example") == ["Ann Bell"]
    assert names("search=100%25") == []
    assert names(f"strategy_id={one.strategy.pk}&created_at__gte=2020-01-01T00:00:00Z") == [
        "Ann Bell",
        "Bob Bell",
        "Cy Dee",
    ]
    assert names("created_at__lt=2020-01-01") == []
    assert one.get("contact-submissions/?priority__in=LOW,HIGH").json()["results"] == []
    assert errors_of(one.get("contact-submissions/?priority=SOON")) == [("priority", "invalid_choice")]
    assert one.get(f"bookings/?lead_id__isnull=true&regular_user_id={one.user.pk}").status_code == 200


# Pages.


@pytest.mark.parametrize("ordering", ["created_at", "-created_at", "name", "-name"])
def test_pages_go_through_every_row_once_in_both_directions(one, ordering):
    with system_scope("leads made at the same moment"):
        Lead.objects.bulk_create(
            Lead(sub_account=one.sub_account, name=f"{n % 3}", regular_user=one.user, strategy=one.strategy)
            for n in range(23)
        )
    everything = [lead["id"] for lead in one.get(f"leads/?ordering={ordering}").json()["results"]]

    forwards, pages, path = [], [], f"leads/?ordering={ordering}&page_size=5"
    while path:
        page = one.get(path).json()
        forwards.append([lead["id"] for lead in page["results"]])
        pages.append(page)
        path = (page["next"] or "").removeprefix("http://testserver/api/v1/")
    backwards, path = [forwards[-1]], pages[-1]["previous"]
    while path:
        page = one.get(path.removeprefix("http://testserver/api/v1/")).json()
        backwards.append([lead["id"] for lead in page["results"]])
        path = page["previous"]

    assert len(everything) == 23
    assert list(chain.from_iterable(forwards)) == everything
    assert backwards == forwards[::-1]
    assert pages[0]["previous"] is None


def test_a_page_is_found_by_one_row_comparison(one):
    for _ in range(3):
        one.lead()
    following = (
        one.get("leads/?page_size=1&ordering=-created_at").json()["next"].removeprefix("http://testserver/api/v1/")
    )

    with CaptureQueriesContext(connection) as queries:
        one.get(following)

    (query,) = (query["sql"] for query in queries if 'FROM "leads"' in query["sql"])
    assert '("leads"."created_at", "leads"."id") < (' in query


def test_count_is_of_all_rows_and_only_when_asked_for(one):
    for _ in range(3):
        one.lead()

    counted, uncounted = one.get("leads/?count=true&page_size=1").json(), one.get("leads/?count=false").json()

    assert counted["count"] == 3
    assert "count" not in uncounted


def test_a_cursor_is_of_one_list(one):
    for _ in range(3):
        one.lead()
    cursor = one.get("leads/?page_size=1").json()["next"].partition("cursor=")[2]

    assert one.get(f"leads/?cursor={cursor}&page_size=2&fields=id").status_code == 200
    for other in ("leads/?ordering=name&", "leads/?status=booked&", "bookings/?"):
        assert errors_of(one.get(f"{other}cursor={cursor}")) == [("cursor", "invalid_cursor")]


def test_an_empty_page_leads_back_to_the_rows_before_it(one):
    ids = [one.lead()["id"] for _ in range(3)]
    following = (
        one.get("leads/?ordering=created_at&page_size=2").json()["next"].removeprefix("http://testserver/api/v1/")
    )
    one.send("DELETE", f"leads/{ids[2]}/")

    page = one.get(following).json()
    before = one.get(page["previous"].removeprefix("http://testserver/api/v1/")).json()

    assert (page["results"], page["next"]) == ([], None)
    assert [lead["id"] for lead in before["results"]] == ids[:2]


# One's own sub-account.


def test_the_sub_account_is_ones_own(one, two):
    changed = one.send("PATCH", "sub-account/", {"description": "Roofs", "settings": {"a": 1}})
    refused = one.send("PATCH", "sub-account/", {"is_active": False, "created_by_admin_id": 1})

    assert changed.status_code == 200
    assert changed.json()["description"] == "Roofs"
    assert two.get("sub-account/").json()["name"] == "two"
    assert errors_of(refused) == [("created_by_admin_id", "unknown_field"), ("is_active", "read_only")]


def test_an_unknown_address_answers_in_the_same_shape(one):
    response = one.get("nowhere/")

    assert response.status_code == 404
    assert errors_of(response) == []


def test_integers_past_64_bits_in_a_column_are_shown(one):
    lead = one.lead()
    with system_scope("written by other means"):
        Lead.objects.filter(pk=lead["id"]).update(conversation_state={"n": 2**70})

    assert one.get(f"leads/{lead['id']}/").json()["conversation_state"] == {"n": 2**70}


def test_a_booking_that_names_its_lead_shows_it(one):
    lead = one.lead()
    made = one.send(
        "POST",
        "bookings/?include=lead",
        {
            "booking_type": "demo",
            "details": {"date": "2026-05-01"},
            "lead_id": lead["id"],
            "regular_user_id": one.user.pk,
        },
    )

    assert made.status_code == 201
    assert made.json()["lead"] == lead
    assert Booking._meta.get_field("lead").null
