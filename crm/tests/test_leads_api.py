"""Leads over the API: listed, found, made with a first booking, changed, and never another's."""

import pytest
from django.db import connection

from accounts.choices import UserRole
from accounts.tests.factories import UserFactory
from crm.models import Booking, Lead
from crm.tests.factories import LeadFactory
from loctelli.tests.cast import client_of
from tenants.models import SubAccount
from tenants.scope import system_scope, tenant_scope

LEADS = "/api/v1/leads/"


@pytest.fixture
def joan(cast) -> Lead:
    with system_scope("test"):
        return LeadFactory(name="Joan Reed", strategy=cast.acme_strategy)


def new_lead(cast, **fields) -> dict:
    return {"name": "Joan", "regular_user_id": cast.alice.pk, "strategy_id": cast.acme_strategy.pk, **fields}


def test_a_list_holds_the_own_leads_and_not_another_tenants(cast, joan, as_alice, as_mallory):
    assert [lead["name"] for lead in as_alice.get(LEADS).json()["results"]] == ["Joan Reed"]
    assert as_mallory.get(LEADS).json()["results"] == []


def test_a_lead_of_another_tenant_is_not_found_whatever_is_tried(joan, as_mallory):
    address = f"{LEADS}{joan.pk}/"

    answers = [as_mallory.get(address), as_mallory.patch(address, {"name": "x"}), as_mallory.delete(address)]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert answers[0].json() == {"code": "not_found", "detail": "There is no such thing here.", "errors": []}


def test_a_lead_is_created_with_its_first_booking_in_one_call(cast, as_alice):
    booking = {"booking_type": "demo", "details": {"date": "2027-01-15", "time": "10:00"}}

    answer = as_alice.post(f"{LEADS}?include=bookings", new_lead(cast, booking=booking))

    assert answer.status_code == 201, answer.content
    assert answer.json()["sub_account_id"] == cast.acme.pk
    assert [(found["booking_type"], found["status"]) for found in answer.json()["bookings"]] == [("demo", "pending")]


def test_a_lead_with_a_bad_booking_leaves_nothing_behind(cast, as_alice):
    answer = as_alice.post(LEADS, new_lead(cast, booking={"booking_type": "party", "details": {}}))

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"path": "booking.booking_type", "code": "invalid_choice", "detail": '"party" is not a valid choice.'}
    ]
    with tenant_scope(cast.acme.pk):
        assert (Lead.objects.count(), Booking.objects.count()) == (0, 0)


def test_a_foreign_strategy_is_refused_like_one_that_does_not_exist(cast, as_alice):
    foreign, missing = (as_alice.post(LEADS, new_lead(cast, strategy_id=pk)) for pk in (cast.globex_strategy.pk, 10**9))

    assert foreign.status_code == missing.status_code == 400
    assert foreign.json() == missing.json()
    assert foreign.json()["errors"][0]["path"] == "strategy_id"


def test_a_first_booking_is_with_the_leads_person_unless_it_names_another(cast, as_alice):
    with system_scope("test"):
        bob = UserFactory(sub_account=cast.acme)
    booking = {"booking_type": "demo", "details": {}}

    made = [
        as_alice.post(f"{LEADS}?include=bookings", new_lead(cast, booking=with_person))
        for with_person in (booking, {**booking, "regular_user_id": bob.pk, "status": "confirmed"})
    ]
    foreign = as_alice.post(LEADS, new_lead(cast, booking={**booking, "regular_user_id": cast.mallory.pk}))

    assert [(found["regular_user_id"], found["status"]) for lead in made for found in lead.json()["bookings"]] == [
        (cast.alice.pk, "pending"),
        (bob.pk, "confirmed"),
    ]
    assert [error["path"] for error in foreign.json()["errors"]] == ["booking.regular_user_id"]


def test_the_stages_of_a_lead_are_everyones_and_those_the_business_adds(cast, joan, as_alice, as_mallory):
    address = f"{LEADS}{joan.pk}/"
    refused = as_alice.patch(address, {"status": "quoted"})
    as_alice.patch("/api/v1/sub-account/", {"settings": {"lead_statuses": ["quoted"]}})

    assert refused.json()["errors"][0]["code"] == "invalid_choice"
    assert as_alice.patch(address, {"status": "quoted"}).json()["status"] == "quoted"
    assert as_alice.patch(address, {"status": "qualified"}).status_code == 200
    assert [lead["id"] for lead in as_alice.get(f"{LEADS}?status__in=qualified,quoted").json()["results"]] == [joan.pk]


@pytest.mark.parametrize("stored", [None, [], "x", {"lead_statuses": None}, {"lead_statuses": "quoted"}])
def test_settings_of_any_shape_leave_the_stages_as_they_are(stored, cast, joan, as_alice):
    with system_scope("test"):
        SubAccount.objects.filter(pk=cast.acme.pk).update(settings=stored)

    assert as_alice.patch(f"{LEADS}{joan.pk}/", {"status": "quoted"}).status_code == 400
    assert as_alice.patch(f"{LEADS}{joan.pk}/", {"status": "booked"}).status_code == 200


def test_an_imported_history_is_sealed_and_stays_as_it_is(cast, as_alice):
    history = [{"role": "user", "content": "Is the roof still leaking?"}]

    made = as_alice.post(LEADS, new_lead(cast, message_history=history))
    changed = as_alice.patch(f"{LEADS}{made.json()['id']}/", {"message_history": []})

    assert made.json()["message_history"] == history
    assert [(error["path"], error["code"]) for error in changed.json()["errors"]] == [("message_history", "read_only")]
    assert as_alice.get(f"{LEADS}{made.json()['id']}/").json()["message_history"] == history
    stored = raw_column("leads", "message_history", made.json()["id"])
    assert stored.startswith('"enc:v1:')
    assert "roof" not in stored


@pytest.mark.parametrize("field", ["last_message", "last_message_date", "created_at", "sub_account_id", "id"])
def test_what_nobody_writes_is_refused(field, joan, as_alice):
    answer = as_alice.patch(f"{LEADS}{joan.pk}/", {field: "x"})

    assert [(error["path"], error["code"]) for error in answer.json()["errors"]] == [(field, "read_only")]


def test_leads_are_found_filtered_and_ordered(cast, joan, as_alice):
    with system_scope("test"):
        LeadFactory(name="Zed", phone="+1 555 0100", custom_id="z-1", email=None, strategy=cast.acme_strategy)

    def names(query: str) -> list[str]:
        return [found["name"] for found in as_alice.get(f"{LEADS}?{query}").json()["results"]]

    assert names("ordering=name") == ["Joan Reed", "Zed"]
    assert names("ordering=-name") == ["Zed", "Joan Reed"]
    assert names("search=reed+JOAN") == ["Joan Reed"]
    assert names("search=0100") == ["Zed"]
    assert names("search=100%25") == []
    assert names("custom_id=z-1") == ["Zed"]
    assert names(f"strategy_id={cast.globex_strategy.pk}") == []
    assert names(f"email={joan.email}") == ["Joan Reed"]
    assert names("ordering=updated_at&updated_at__gte=2000-01-01T00:00:00%2B14:00") == ["Joan Reed", "Zed"]


def test_users_work_leads_and_managers_delete_them(cast, joan):
    with system_scope("test"):
        as_user, as_manager = (
            client_of(UserFactory(sub_account=cast.acme, role=role)) for role in (UserRole.USER, UserRole.MANAGER)
        )

    assert as_user.post(LEADS, new_lead(cast)).status_code == 201
    assert [client.delete(f"{LEADS}{joan.pk}/").status_code for client in (as_user, as_manager)] == [403, 204]


def raw_column(table: str, column: str, pk: int | str) -> str:
    """Return what a column holds, as PostgreSQL writes it."""
    with system_scope("test"), connection.cursor() as cursor:
        cursor.execute(f"SELECT {column}::text FROM {table} WHERE id = %s", [pk])
        return cursor.fetchone()[0]
