"""Lists as files: the list's own rows, read a chunk at a time, by whoever may still have them."""

import csv
import io
import json
import tracemalloc
from threading import BoundedSemaphore

import openpyxl
import pytest
from django.core.signals import request_finished
from django.db import close_old_connections, connection
from django.test.utils import CaptureQueriesContext

from accounts.choices import UserRole
from accounts.models import User
from accounts.tests.factories import UserFactory
from crm import exporting
from crm.tests.factories import BookingFactory, ContactSubmissionFactory, LeadFactory
from forms.tests.factories import FormSubmissionFactory, FormTemplateFactory
from loctelli.exports import restored
from loctelli.tests.cast import client_of
from tenants.scope import is_bound, system_scope

LEADS = "/api/v1/leads/"


@pytest.fixture
def leads(cast, monkeypatch):
    """Ten leads, four chunks; the last chunk is not full."""
    monkeypatch.setattr(exporting, "CHUNK", 3)
    with system_scope("test"):
        LeadFactory(name="Mallory's own", strategy=cast.globex_strategy)
        return [
            LeadFactory(name=f"Lead {number}", phone="+1 212 555 0142", strategy=cast.acme_strategy)
            for number in range(10)
        ]


@pytest.fixture(autouse=True)
def _places_are_free():
    """No test leaves an export running."""
    yield
    assert exporting.places.acquire(blocking=False)
    exporting.places.release()


def close(answer) -> None:
    """Throw an answer away as a server does whose client is gone; the test's own connection stays."""
    request_finished.disconnect(close_old_connections)
    answer.close()
    request_finished.connect(close_old_connections)


def lines(answer) -> list[dict]:
    return [json.loads(line) for line in answer.getvalue().splitlines()]


def table(answer) -> list[dict]:
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))


def test_a_file_holds_what_the_list_does_in_its_order(leads, as_alice):
    listed = as_alice.get(f"{LEADS}?page_size=200").json()["results"]

    answer = as_alice.get(f"{LEADS}export/?as=jsonl")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/jsonl")
    assert answer["Content-Disposition"] == 'attachment; filename="leads.jsonl"'
    assert lines(answer) == listed


@pytest.mark.parametrize("number", [0, 1, 3, 6])
def test_full_chunks_are_not_the_end_and_no_rows_are_no_mistake(number, leads, as_alice):
    with system_scope("test"):
        for lead in leads[number:]:
            lead.delete()

    assert len(lines(as_alice.get(f"{LEADS}export/?as=jsonl"))) == number
    assert len(table(as_alice.get(f"{LEADS}export/"))) == number


@pytest.mark.parametrize("query", [
    "search=lead+3", "ordering=created_at", "ordering=-id", "fields=id,name", "include=strategy,bookings",
    "fields=name,strategy.name,bookings.status", "status=lead", "email__isnull=true",
])  # fmt: skip
def test_a_file_takes_what_the_list_takes(query, leads, as_alice):
    with system_scope("test"):
        BookingFactory(lead=leads[4])
    listed = as_alice.get(f"{LEADS}?page_size=200&{query}").json()["results"]

    assert lines(as_alice.get(f"{LEADS}export/?as=jsonl&{query}")) == listed


def test_a_table_has_a_column_for_each_field_of_included_rows_too(leads, as_alice):
    with system_scope("test"):
        BookingFactory(lead=leads[0], booking_type="demo")
    query = "fields=id,phone,strategy.name,bookings.booking_type&ordering=id"

    row = table(as_alice.get(f"{LEADS}export/?{query}"))[0]

    assert {**row, "phone": restored(row["phone"])} == {
        "id": str(leads[0].pk),
        "phone": "+1 212 555 0142",
        "strategy.name": leads[0].strategy.name,
        "bookings": '[{"booking_type":"demo"}]',
    }
    assert row["phone"] == "'+1 212 555 0142"


def test_a_workbook_opens(leads, as_alice):
    answer = as_alice.get(f"{LEADS}export/?as=xlsx&fields=id,name&ordering=id")

    book = openpyxl.load_workbook(io.BytesIO(answer.getvalue()))
    assert list(book["leads"].values) == [("id", "name"), *((lead.pk, lead.name) for lead in leads)]


def test_bookings_and_submissions_are_exported_too(cast, leads, as_alice):
    with system_scope("test"):
        BookingFactory(lead=leads[0])
        ContactSubmissionFactory(sub_account=cast.acme)
        FormSubmissionFactory(form_template=FormTemplateFactory(sub_account=cast.acme, created_by_admin=cast.ada))

    for resource in ("bookings", "contact-submissions", "form-submissions"):
        listed = as_alice.get(f"/api/v1/{resource}/").json()["results"]
        answer = as_alice.get(f"/api/v1/{resource}/export/?as=jsonl")
        assert (lines(answer), len(listed)) == (listed, 1)
        assert answer["Content-Disposition"] == f'attachment; filename="{resource}.jsonl"'


@pytest.mark.parametrize(("query", "path", "code"), [
    ("as=xml", "as", "invalid_choice"),
    ("as=", "as", "invalid_choice"),
    ("ordering=updated_at", "ordering", "invalid_ordering"),
    ("ordering=name", "ordering", "invalid_ordering"),
    ("page_size=5", "page_size", "unknown_parameter"),
    ("fields=nonsense", "fields", "unknown_field"),
    ("status__in=", "status__in", "empty"),
    ("created_at__gte=yesterday", "created_at__gte", "invalid"),
])  # fmt: skip
def test_what_the_list_refuses_and_what_would_move_rows_about_is_refused(query, path, code, leads, as_alice):
    answer = as_alice.get(f"{LEADS}export/?{query}")

    assert answer.status_code == 400
    assert [(error["path"], error["code"]) for error in answer.json()["errors"]] == [(path, code)]


def test_managers_export_and_users_do_not(cast, leads):
    with system_scope("test"):
        clients = [
            client_of(UserFactory(sub_account=cast.acme, role=role)) for role in (UserRole.USER, UserRole.MANAGER)
        ]

    answers = [client.get(f"{LEADS}export/") for client in clients]
    close(answers[1])

    assert [answer.status_code for answer in answers] == [403, 200]


def test_each_chunk_has_a_scope_of_its_own_and_nothing_is_open_between_them(leads, as_alice):
    answer, bound = as_alice.get(f"{LEADS}export/?as=jsonl"), []
    with CaptureQueriesContext(connection) as queries:
        for _ in answer.streaming_content:
            bound.append(is_bound())

    assert set(bound) == {False}
    # The first chunk was read with the request; three more follow, the last one short.
    assert len([query for query in queries if 'FROM "leads"' in query["sql"]]) == 3


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": UserRole.USER}])
def test_who_may_not_any_more_gets_no_further_chunk(change, cast, leads, as_alice):
    answer = as_alice.get(f"{LEADS}export/?as=jsonl")
    with system_scope("test"):
        User.objects.filter(pk=cast.alice.pk).update(**change)

    pieces = []
    with pytest.raises(Exception, match=r"credentials|permission"):
        pieces.extend(answer.streaming_content)

    *rows, last = [json.loads(line) for line in b"".join(pieces).splitlines()]
    assert len(rows) == 0 or len(rows) == exporting.CHUNK
    assert "incomplete" in last["error"]


def test_a_row_that_is_made_or_deleted_meanwhile_moves_no_other(cast, leads, as_alice):
    answer = as_alice.get(f"{LEADS}export/?as=jsonl&fields=id")
    with system_scope("test"):
        LeadFactory(strategy=cast.acme_strategy)
        leads[8].delete()  # read already
        leads[2].delete()

    found = [row["id"] for row in lines(answer)]

    assert found == [lead.pk for lead in reversed(leads) if lead is not leads[2]]


def test_a_client_that_goes_away_ends_the_reading_and_frees_its_place(leads, as_alice, monkeypatch):
    monkeypatch.setattr(exporting, "places", BoundedSemaphore(1))
    answer = as_alice.get(f"{LEADS}export/?as=jsonl")
    busy = as_alice.get(f"{LEADS}export/")
    with CaptureQueriesContext(connection) as queries:
        close(answer)

    assert (busy.status_code, busy.json()["code"], busy["Retry-After"]) == (503, "exports_busy", "10")
    assert len(queries) == 0
    assert len(lines(as_alice.get(f"{LEADS}export/?as=jsonl"))) == 10


def test_many_leads_take_no_more_memory_than_a_few(cast, as_alice, monkeypatch):
    monkeypatch.setattr(exporting, "CHUNK", 200)
    with system_scope("test"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO leads (name, regular_user_id, strategy_id, sub_account_id)"
            " SELECT repeat('x', 1000), %s, %s, %s FROM generate_series(1, 5000) n",
            [cast.alice.pk, cast.acme_strategy.pk, cast.acme.pk],
        )

    answer = as_alice.get(f"{LEADS}export/?fields=id,name")
    tracemalloc.start()
    sent = sum(map(len, answer.streaming_content))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sent > 5_000_000
    assert peak < 2_500_000
