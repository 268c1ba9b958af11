"""What the API reads straight from PostgreSQL's rows is what its serializers say of the same instances."""

import json
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from crm.models import Lead
from crm.tests.factories import BookingFactory
from loctelli.api.renderers import dumps
from loctelli.api.selection import MAX_INCLUDED, Selection, is_to_many, select
from loctelli.tests.api_world import furnish
from loctelli.tests.cast import client_of
from tenants.scope import system_scope, tenant_scope

RESOURCES = (
    "audit-entries", "bookings", "chosen-prompt-templates", "contact-submissions", "conversation-messages",
    "form-submissions", "form-templates", "integration-templates", "integrations", "leads", "prompt-templates",
    "security-incidents", "strategies", "users",
)  # fmt: skip


@pytest.fixture
def world(cast):
    rows = furnish(cast)
    with system_scope("test"):
        Lead.objects.filter(pk=rows["leads"].pk).update(
            # What JSON's readers and writers are apt to lose on the way.
            conversation_state={"huge": 10**30, "tiny": 1e-320, "text": "é \u2028 </script>", "none": None, "list": []},
            created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        )
        # The lead's imported history is sealed, like its last message.
        lead = Lead.objects.get(pk=rows["leads"].pk)
        lead.message_history = [{"role": "user", "content": "Grüße", "n": 2**70}]
        lead.save()
    return rows


def said_by_serializers(selection: Selection, instance) -> dict:
    """Return the answer that Django REST framework's own way makes of an instance, as far as it is selected."""
    everything = json.loads(dumps(selection.serializer(instance).data))
    said = {name: everything[name] for name in selection.fields}
    for name, child in selection.includes.items():
        related = getattr(instance, name)
        if is_to_many(selection.model._meta.get_field(name)):
            said[name] = [said_by_serializers(child, row) for row in related.order_by("pk")[:MAX_INCLUDED]]
        else:
            said[name] = related and said_by_serializers(child, related)
    return said


def choices_of(serializer: type) -> list[dict]:
    """Return every single field, every relation, and every relation of a relation, as a query asks for them."""
    paths = [
        path
        for name, child in serializer.includes().items()
        for path in (name, *(f"{name}.{further}" for further in child.includes()))
    ]
    return [
        {},
        *({"fields": name} for name in serializer.readable()),
        *({"fields": f"{name}.{field}"} for name, child in serializer.includes().items() for field in child.readable()),
        *({"include": path} for path in paths),
        *([{"include": ",".join(paths)}] if paths else []),
    ]


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_row_is_read_as_its_serializer_says_whatever_is_asked_of_it(resource, world, cast):
    path = f"/api/v1/{resource}/{world[resource].pk}/"
    serializer = resolve(path).func.cls.serializer_class
    client = client_of(cast.alice)

    for choice in choices_of(serializer):
        answers = [client.get(path, choice), client.get(f"/api/v1/{resource}/", choice)]
        names = {name: tuple(value.split(",")) for name, value in choice.items()}
        with tenant_scope(cast.acme.pk):
            instance = serializer.Meta.model._default_manager.get(pk=world[resource].pk)
            said = said_by_serializers(select(serializer, names.get("fields"), names.get("include")), instance)

        assert json.loads(answers[0].content) == said, choice
        assert said in json.loads(answers[1].content)["results"], choice


def test_numbers_past_64_bits_and_times_without_fractions_arrive_as_they_are(world, cast):
    lead = world["leads"]
    for row in (
        client_of(cast.alice).get(f"/api/v1/leads/{lead.pk}/"),
        client_of(cast.alice).get(f"/api/v1/bookings/{world['bookings'].pk}/?include=lead"),
    ):
        answer = json.loads(row.content)
        answer = answer.get("lead", answer)
        assert answer["conversation_state"]["huge"] == 10**30
        assert answer["message_history"][0]["n"] == 2**70
        assert answer["created_at"] == "2026-01-02T03:04:05Z"


def test_relations_of_many_rows_show_the_first_ones_and_cost_no_query(world, cast, django_assert_num_queries):
    lead = world["leads"]
    with system_scope("test"):
        bookings = [world["bookings"], *(BookingFactory(lead=lead) for _ in range(MAX_INCLUDED + 4))]
    client = client_of(cast.alice)
    path = f"/api/v1/leads/{lead.pk}/"
    client.get(path)

    with CaptureQueriesContext(connection) as alone:
        plain = client.get(path)
    with django_assert_num_queries(len(alone)):
        full = client.get(f"{path}?include=regular_user,strategy.prompt_template,bookings.regular_user")

    assert plain.status_code == full.status_code == 200
    found = full.json()["bookings"]
    assert [row["id"] for row in found] == sorted(row.pk for row in bookings)[:MAX_INCLUDED]
    assert found[0]["regular_user"]["id"] == found[0]["regular_user_id"]
