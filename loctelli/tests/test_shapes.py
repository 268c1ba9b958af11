"""Shapes of JSON columns: what they refuse and where, what they keep, and how the API documents them."""

import pytest

from accounts.shapes import BOOKINGS_TIME
from crm.shapes import BOOKING_DETAILS, CONVERSATION_STATE
from forms.schema import FORM_SCHEMA
from loctelli.management.seeds.demo import dental, solar
from loctelli.shapes import Fault, nested, openapi
from loctelli.tests.api_world import document
from tenants.shapes import SETTINGS

MORNING = {"start": "09:00", "end": "12:00"}
FIELD = {"id": "a", "type": "text", "label": "A"}


def faults_of(shape, value) -> list[tuple[str, str]]:
    return sorted((".".join(fault.path), fault.code) for fault in shape.faults(value))


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (SETTINGS, {}),
        (SETTINGS, {"lead_statuses": ["quoted"], "timezone": "Europe/Berlin", "website": None, "anything": [1]}),
        (BOOKINGS_TIME, {}),
        (BOOKINGS_TIME, {"weekly": {"monday": [MORNING, {"start": "12:00", "end": "13:00"}]}, "colour": "blue"}),
        (BOOKINGS_TIME, {"overrides": [{"date": "2027-12-24", "hours": []}]}),
        (BOOKINGS_TIME, [{"date": "2027-01-15", "slots": ["10:00"]}]),
        (CONVERSATION_STATE, {"stage": "booked", "qualified": None, "roof": {"age": 12}}),
        (BOOKING_DETAILS, {"date": "2027-01-15", "time": "10:00", "guests": 3}),
        (FORM_SCHEMA, []),
        (FORM_SCHEMA, [FIELD, {**FIELD, "id": "b", "show_if": {"field": "a", "equals": True}, "tracking": {}}]),
    ],
)
def test_what_fits_is_taken_with_what_nobody_knows(shape, value):
    assert faults_of(shape, value) == []


@pytest.mark.parametrize(
    ("shape", "value", "faults"),
    [
        (SETTINGS, [], [("", "type")]),
        (SETTINGS, {"timezone": "Mars/Base"}, [("timezone", "format")]),
        (SETTINGS, {"website": "javascript:alert(1)"}, [("website", "pattern")]),
        (
            SETTINGS,
            {"lead_statuses": ["a", "a", ""]},
            [("lead_statuses", "unique_items"), ("lead_statuses.2", "min_length")],
        ),
        (BOOKINGS_TIME, "always", [("", "type")]),
        (BOOKINGS_TIME, {"weekly": {"mon": []}}, [("weekly.mon", "additional_properties")]),
        (
            BOOKINGS_TIME,
            {"weekly": {"monday": [{"start": "9:00"}]}},
            [("weekly.monday.0.end", "required"), ("weekly.monday.0.start", "pattern")],
        ),
        (
            BOOKINGS_TIME,
            {"weekly": {"monday": [{"start": "12:00", "end": "12:00"}]}},
            [("weekly.monday.0.end", "ends_too_early")],
        ),
        (
            BOOKINGS_TIME,
            {"weekly": {"monday": [{"start": "11:00", "end": "13:00"}, MORNING]}},
            [("weekly.monday.0.start", "overlaps")],
        ),
        (
            BOOKINGS_TIME,
            {"overrides": [{"date": "2027-12-24", "hours": []}] * 2},
            [("overrides.1.date", "duplicate_date")],
        ),
        (BOOKINGS_TIME, {"slot_minutes": True}, [("slot_minutes", "type")]),
        (BOOKINGS_TIME, [{"date": "2027-02-30", "slots": ["25:00"]}], [("0.date", "format"), ("0.slots.0", "pattern")]),
        (CONVERSATION_STATE, {"stage": "lost", "qualified": "yes"}, [("qualified", "type"), ("stage", "enum")]),
        (
            BOOKING_DETAILS,
            {"date": "tomorrow", "time": "9", "duration_minutes": 0},
            [("date", "format"), ("duration_minutes", "minimum"), ("time", "pattern")],
        ),
        (FORM_SCHEMA, [FIELD, FIELD], [("1.id", "duplicate_field")]),
        (FORM_SCHEMA, [{**FIELD, "min_length": 5, "max_length": 4}], [("0.max_length", "below_least")]),
        (FORM_SCHEMA, [{**FIELD, "show_if": {"field": "a"}}], [("0.show_if.field", "unknown_field")]),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(shape, value, faults):
    assert faults_of(shape, value) == faults


def test_a_thousand_faults_are_a_hundred():
    assert len(BOOKINGS_TIME.faults([{}] * 900)) == 100


@pytest.mark.parametrize("value", [{"a": {"b": 1}}, "x" * 100_000, 7, None, True])
def test_any_value_is_answered_for(value):
    for shape in (SETTINGS, BOOKINGS_TIME, CONVERSATION_STATE, BOOKING_DETAILS, FORM_SCHEMA):
        assert isinstance(shape.faults(value), list)


def test_faults_of_a_node_and_of_its_parts_stand_in_one_tree():
    faults = [Fault(("a",), "type", "1"), Fault(("a", "b"), "type", "2"), Fault(("c", "0"), "type", "3")]

    tree = nested(faults, lambda fault: fault.detail, "own")

    assert tree == {"a": {"own": ["1"], "b": {"own": ["2"]}}, "c": {"0": {"own": ["3"]}}}


def test_openapi_has_no_hints_and_its_own_way_to_say_null():
    schema = {"type": ["string", "null"], "x-layout": "grid", "items": [{"type": ["string", "number"]}]}

    assert openapi(schema) == {
        "type": "string",
        "nullable": True,
        "items": [{"oneOf": [{"type": "string"}, {"type": "number"}]}],
    }


@pytest.mark.parametrize(
    ("component", "field", "path"),
    [
        ("User", "bookings_time", ("oneOf", 0, "properties", "weekly", "properties", "monday", "items")),
        ("SubAccount", "settings", ("properties", "lead_statuses", "items")),
        ("Lead", "conversation_state", ("properties", "stage", "enum")),
        ("Booking", "details", ("properties", "time", "pattern")),
        ("FormTemplate", "schema", ("items", "properties", "show_if", "required")),
    ],
)
def test_the_document_describes_them(component, field, path):
    node = document()["components"]["schemas"][component]["properties"][field]
    for name in path:
        node = node[name]

    assert node


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "body", "error"),
    [
        (
            "users/{bob}/",
            {"bookings_time": {"weekly": {"monday": [{"start": "10:00", "end": "09:00"}]}}},
            ("bookings_time.weekly.monday.0.end", "ends_too_early"),
        ),
        ("sub-account/", {"settings": {"lead_statuses": "quoted"}}, ("settings.lead_statuses", "type")),
        ("me/", {"bookings_time": [{"date": "2027-01-15"}]}, ("bookings_time.0.slots", "required")),
    ],
)
def test_the_api_names_the_very_place(address, body, error, cast, as_alice):
    answer = as_alice.patch(f"/api/v1/{address.format(bob=cast.alice.pk)}", body)

    assert answer.status_code == 400
    assert [(each["path"], each["code"]) for each in answer.json()["errors"]] == [error]


def test_what_the_demo_seeds_fits():
    for business in (dental.DENTAL, solar.SOLAR):
        assert SETTINGS.faults(business.settings) == []
        assert [FORM_SCHEMA.faults(form["schema"]) for form in business.forms] == [[]] * len(business.forms)
        assert [CONVERSATION_STATE.faults(script.state) for script in business.scripts.values()] == [[]] * len(
            business.scripts
        )
