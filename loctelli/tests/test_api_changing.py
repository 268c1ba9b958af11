"""What is plainly changed or deleted takes the short way: its row is read and locked along with who asks."""

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from crm.models import Lead
from forms.models import FormTemplate
from forms.tests.factories import FormTemplateFactory
from loctelli.api import ahead, statements
from loctelli.database.compiled import run
from loctelli.tests.api_world import furnish, operations, references, resource_of
from loctelli.tests.cast import client_of
from loctelli.tests.test_api_writing import body_for
from tenants.scope import system_scope, tenant_scope

pytestmark = pytest.mark.django_db

# What each resource is changed to, beside what creates it.
CHANGES = {
    "me": {"name": "Alice <a>", "budget": "100 €"},
    "sub-account": {"name": "Acme & Sons"},
    "users": {"name": "Bob", "bookings_time": {"monday": [{"from": "09:00", "to": "17:00"}]}},
    "contact-submissions": {"status": "CONTACTED", "priority": "HIGH", "assigned_to_id": None},
    "form-submissions": {"status": "reviewed", "priority": "HIGH", "assigned_to_id": None},
}
CREATE_ONLY = {"booking", "message_history"}
PATCHED = sorted({resource_of(path) for method, path, _ in operations() if method == "patch"})
LONE = ("me", "sub-account")


@pytest.fixture
def world(cast):
    return {**furnish(cast), "me": cast.alice, "sub-account": cast.acme}


def address_of(resource: str, world) -> str:
    return f"/api/v1/{resource}/" if resource in LONE else f"/api/v1/{resource}/{world[resource].pk}/"


def change_for(resource: str, cast, world) -> dict:
    if resource in CHANGES:
        known = references(cast, world)
        return {name: known.get(name, value) for name, value in CHANGES[resource].items()}
    body = {name: value for name, value in body_for(resource, cast, world).items() if name not in CREATE_ONLY}
    view = resolve(address_of(resource, world)).func.cls
    return {
        name: value
        for name, value in body.items()
        if name not in getattr(view.serializer_class.Meta, "create_only", ())
    }


@pytest.mark.parametrize("query", ["", "?fields=updated_at", "?include="])
@pytest.mark.parametrize("resource", PATCHED)
def test_what_is_changed_is_answered_as_it_is_read(resource, query, cast, world):
    address, client = address_of(resource, world), client_of(cast.alice)
    includes = resolve(address).func.cls.serializer_class.includes()
    if query == "?include=" and not includes:
        query = ""
    query += ",".join(includes) if query == "?include=" else ""
    before = client.get(f"{address}{query}").content

    changed = client.patch(f"{address}{query}", change_for(resource, cast, world))

    assert changed.status_code == 200, changed.json()
    assert changed.content != before
    assert changed.content == client.get(f"{address}{query}").content


@pytest.mark.parametrize("resource", PATCHED)
def test_what_changes_nothing_is_answered_as_it_is_read(resource, cast, world):
    address, client = address_of(resource, world), client_of(cast.alice)
    before = client.get(address).content

    assert client.patch(address, {}).content == before
    assert client.get(address).content == before


@pytest.mark.parametrize("resource", PATCHED)
def test_a_locked_row_is_what_django_reads(resource, cast, world):
    view, pk = resolve(address_of(resource, world)).func.cls, world[resource].pk
    with tenant_scope(cast.acme.pk):
        found = view.serializer_class.Meta.model._default_manager.get(pk=pk)
        query = statements.lock(view).query(pk=pk, sub_account_id=cast.acme.pk)
        run([query])
        locked = statements.lock(view).instance(query.rows[0])

        unread = locked.get_deferred_fields()
        assert {name for name in unread if not found._meta.get_field(name).generated} == set()
        assert vars(locked).keys() | unread == vars(found).keys()
        for name, value in without_state(locked).items():
            assert (name, type(value), value) == (name, type(vars(found)[name]), vars(found)[name])
        assert (locked._state.adding, locked._state.db) == (found._state.adding, found._state.db)
        assert locked._loaded.items() <= found._loaded.items()


def without_state(row: models.Model) -> dict:
    return {name: value for name, value in vars(row).items() if name not in ("_state", "_loaded")}


def asked_of(table: str, captured: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in captured.captured_queries if f'"{table}"' in query["sql"]]


def test_a_change_asks_nothing_of_the_row_but_to_lock_it_and_the_update(cast, world):
    with CaptureQueriesContext(connection) as captured:
        answer = client_of(cast.alice).patch(
            address_of("leads", world), {"name": "Zoë", "strategy_id": cast.acme_strategy.pk}
        )

    lock, update = asked_of("leads", captured)
    assert answer.status_code == 200
    assert lock.startswith("SELECT")
    assert lock.endswith("FOR NO KEY UPDATE")
    assert update.startswith("UPDATE")


@pytest.mark.parametrize("resource", ["leads", "form-templates"])
def test_what_is_not_ones_own_is_neither_found_nor_locked(resource, cast, world):
    mallory = client_of(cast.mallory)

    for refused in (
        mallory.patch(address_of(resource, world), {"name": "x"}),
        mallory.delete(address_of(resource, world)),
    ):
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


def test_what_is_everyones_is_read_and_not_locked(cast, world):
    with system_scope("test"):
        everyones = FormTemplateFactory(sub_account=None, created_by_admin=cast.ada)
    view = resolve(address_of("form-templates", world)).func.cls
    with tenant_scope(cast.acme.pk):
        query = statements.lock(view).query(pk=everyones.pk, sub_account_id=cast.acme.pk)
        run([query])

        assert FormTemplate.objects.filter(pk=everyones.pk).exists()
    with system_scope("test: the manager's own word, with no row security"):
        changeable = set(FormTemplate.objects.changeable_by(cast.acme.pk).values_list("pk", flat=True))

    assert query.rows == []
    assert changeable == {world["form-templates"].pk}


@pytest.mark.parametrize("resource", ["leads", "bookings", "strategies", "integrations", "contact-submissions"])
def test_what_is_deleted_is_gone_and_answered_with_nothing(resource, cast, world):
    client = client_of(cast.alice)
    if resource == "strategies":
        assert client.delete(address_of(resource, world), {"name": "a body is not looked at"}).status_code == 204
    else:
        deleted = client.delete(address_of(resource, world))
        assert (deleted.status_code, deleted.content, deleted.get("Content-Type")) == (204, b"", None)

    assert client.get(address_of(resource, world)).status_code == 404
    assert client.delete(address_of(resource, world)).status_code == 404


def test_a_change_or_deletion_that_is_sent_twice_happens_once(cast, world):
    client, address = client_of(cast.alice), address_of("contact-submissions", world)

    def twice(call) -> list:
        return [call(), call()]

    changed = twice(lambda: client.patch(address, {"priority": "LOW"}, headers={"Idempotency-Key": "change"}))
    deleted = twice(lambda: client.delete(address, headers={"Idempotency-Key": "delete"}))

    assert [answer.status_code for answer in (*changed, *deleted)] == [200, 200, 204, 204]
    assert changed[0].content == changed[1].content
    assert [answer.get("Idempotency-Replayed") for answer in (*changed, *deleted)] == [None, "true", None, "true"]


@pytest.mark.parametrize("body", ["{", "[]", '{"name": null}', '{"name": "\\u0000"}'])
def test_what_cannot_be_planned_is_refused_as_ever(body, cast, world):
    client, address = client_of(cast.alice), address_of("leads", world)

    assert client.generic("PATCH", address, body, "application/json").status_code == 400
    assert client.patch("/api/v1/leads/999999999/", body, content_type="application/json").status_code in (400, 404)


def test_a_long_body_is_not_looked_into_beforehand_and_changes_all_the_same(cast, world, monkeypatch):
    monkeypatch.setattr(ahead, "PLANNED_BODY", 10)

    changed = client_of(cast.alice).patch(address_of("leads", world), {"name": "Longer than ten"})

    assert (changed.status_code, changed.json()["name"]) == (200, "Longer than ten")


def test_who_may_not_change_changes_nothing(cast, world):
    with system_scope("test"):
        cast.alice.role = "user"
        cast.alice.save()
    client = client_of(cast.alice)

    for refused in (
        client.patch(address_of("strategies", world), {"name": "x"}),
        client.delete(address_of("leads", world)),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")


def test_a_row_that_is_saved_again_is_known_as_it_is_stored(cast, world):
    with tenant_scope(cast.acme.pk):
        lead = Lead.objects.get(pk=world["leads"].pk)
        lead.name = "Once"
        lead.save()
        once = lead.stored
        lead.name = models.functions.Upper(models.Value("twice"))
        lead.save()
        twice = lead.stored
        lead.refresh_from_db()
        lead.name = "Thrice"
        lead.save(update_fields=["name"])
        thrice = lead.stored
        lead.refresh_from_db()

        assert (once["name"], twice, thrice["name"]) == ("Once", None, "Thrice")
        assert (thrice["updated_at"], lead.stored) == (lead.updated_at, None)
