"""Pages over HTTP: every row once, in both directions, at one cost."""

from itertools import chain

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Lead
from loctelli.tests.api_cast import errors_of
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db


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


def test_a_cursor_outlives_the_key_it_was_signed_by_as_long_as_that_is_a_fallback(one, settings):
    for _ in range(3):
        one.lead()
    first = one.get("leads/?page_size=1").json()
    rest = f"leads/{first['next'].partition('leads/')[2]}"
    settings.SECRET_KEY, old = "another key", settings.SECRET_KEY

    assert errors_of(one.get(rest)) == [("cursor", "invalid_cursor")]
    settings.SECRET_KEY_FALLBACKS = [old]
    following = one.get(rest).json()
    assert following["results"][0]["id"] < first["results"][0]["id"]
    settings.SECRET_KEY_FALLBACKS = []
    assert one.get(f"leads/{following['next'].partition('leads/')[2]}").status_code == 200


def test_a_changed_cursor_is_refused(one):
    for _ in range(3):
        one.lead()
    cursor = one.get("leads/?page_size=1").json()["next"].partition("cursor=")[2]
    changed = [f"{cursor[:at]}{'B' if cursor[at] == 'A' else 'A'}{cursor[at + 1 :]}" for at in range(len(cursor) - 1)]

    for forged in (*changed, cursor[:-1], cursor[:-4], cursor[4:], cursor[:42], cursor + cursor, f"{cursor}AAAA", "A"):
        assert errors_of(one.get(f"leads/?page_size=1&cursor={forged}")) == [("cursor", "invalid_cursor")]


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
