"""What a list or a row shows over HTTP: the fields, relations, filters and rows that were asked for."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Lead
from loctelli.tests.api_cast import errors_of
from tenants.scope import system_scope, tenant_scope

pytestmark = pytest.mark.django_db


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


def test_an_included_relation_shows_its_first_hundred_rows_and_ten_within_another(one):
    with system_scope("many leads"):
        Lead.objects.bulk_create(
            Lead(sub_account=one.sub_account, name=f"{n}", regular_user=one.user, strategy=one.strategy)
            for n in range(130)
        )
    (strategy,) = one.get("strategies/?include=leads").json()["results"]
    user = one.get("users/?include=strategies.leads").json()["results"][0]

    assert [lead["name"] for lead in strategy["leads"]] == [f"{n}" for n in range(100)]
    assert [lead["name"] for lead in user["strategies"][0]["leads"]] == [f"{n}" for n in range(10)]


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
