"""What the server does of the forms of JSON columns: it gives the script its schema, and holds the rest to it."""

import json
import re

import pytest

from accounts.models import User
from forms.models import FormTemplate
from loctelli.tests.console_cast import limited_admin, page, signed_in, text
from tenants.console.json_forms.labels import translated, words_for
from tenants.models import SubAccount
from tenants.scope import system_scope


def for_script(response) -> list[dict]:
    """Return what a page gives the script, for each of its forms."""
    found = re.findall(r'<script type="application/json">(.*?)</script>', response.content.decode(), re.DOTALL)
    return [each for each in map(json.loads, found) if isinstance(each, dict) and "schema" in each]


@pytest.mark.parametrize(
    ("label", "of", "properties"),
    [
        ("tenants.subaccount", "acme", {"website", "timezone", "lead_statuses"}),
        (
            "crm.lead",
            "lead",
            {"stage", "qualified", "budget", "timeline", "decision_maker", "pain_points", "objections"},
        ),
        ("crm.booking", "booking", {"date", "time", "timezone", "duration_minutes", "location", "notes"}),
        ("integrations.integration", "integration", {"apiKey", "locationId"}),
    ],
)
def test_each_column_has_the_form_of_its_shape(label, of, properties, rows, cast, console):
    row = cast.acme if of == "acme" else getattr(rows.acme, of)

    (form,) = for_script(console.get(page(label, "change", row.pk)))

    assert form["schema"]["properties"].keys() >= properties


def test_a_fault_is_told_in_words_and_given_to_the_script(rows, cast, console):
    hours = {"weekly": {"monday": [{"start": "10:00", "end": "09:00"}]}}
    form = {"name": "Alice", "email": cast.alice.email, "role": "admin", "is_active": "on", "booking_enabled": 1}
    form |= {"timezone": "UTC", "sub_account": cast.acme.pk, "bookings_time": json.dumps(hours)}

    answer = console.post(page("accounts.user", "change", cast.alice.pk), form)

    errors = answer.context["adminform"].form.errors["bookings_time"]
    assert errors == ["Every week, Monday, 1, To: Must be later than the beginning."]
    assert for_script(answer)[0]["faults"] == [
        {
            "path": ["weekly", "monday", "0", "end"],
            "code": "ends_too_early",
            "detail": "Must be later than the beginning.",
        }
    ]
    with system_scope("test"):
        assert User.objects.get(pk=cast.alice.pk).bookings_time is None


def test_an_empty_list_is_something_and_nothing_is_not(rows, console):
    address = page("forms.formtemplate", "change", rows.acme.form.pk)
    form = {"name": "F", "slug": "f", "title": "F", "submit_button_text": "S", "success_message": "T"}
    form |= {"wake_up_interval": 30}

    missing, null, empty = (console.post(address, {**form, "schema": text}) for text in ("", "null", "[]"))

    assert [list(answer.context["adminform"].form.errors) for answer in (missing, null)] == [["schema"]] * 2
    assert empty.status_code == 302
    with system_scope("test"):
        assert FormTemplate.objects.get(pk=rows.acme.form.pk).schema == []


def test_hostile_text_leaves_no_tag_behind(rows, cast, console):
    with system_scope("test"):
        SubAccount.objects.filter(pk=cast.acme.pk).update(settings={"a": "</script><script>alert(1)</script>"})

    shown = console.get(page("tenants.subaccount", "change", cast.acme.pk)).content.decode()

    assert "<script>alert" not in shown


def test_who_may_only_read_sees_names_and_values_and_no_secret(rows, cast):
    settings = {"lead_statuses": ["quoted"], "timezone": "UTC", "<b>own</b>": {"yes": True, "none": None}}
    with system_scope("test"):
        SubAccount.objects.filter(pk=cast.acme.pk).update(settings=settings)
    reader = signed_in(limited_admin("tenants.view_subaccount", "integrations.view_integration"))

    business = reader.get(page("tenants.subaccount", "change", cast.acme.pk))
    connection = reader.get(page("integrations.integration", "change", rows.acme.integration.pk))

    assert "Time zone UTC Stages of its own quoted &lt;b&gt;own&lt;/b&gt; yes Yes none –" in text(business)
    assert "locationId loc_1 apiKey Set" in text(connection)
    assert "enc:v1:" not in connection.content.decode()


def test_a_chosen_service_tells_its_schema_to_those_who_may_add_one(rows, console):
    service = rows.acme.integration.integration_template_id
    address = page("integrations.integration", "schema")
    answers = [console.get(address, {"id": key}).status_code for key in (service, "", "x", 10**30, "\x00", 999_999)]

    found = console.get(address, {"id": service}).json()

    assert answers == [200, 404, 404, 404, 404, 404]
    assert found["properties"]["apiKey"]["secret"] is True
    assert signed_in(limited_admin("crm")).get(address, {"id": service}).status_code == 403


def test_what_must_be_there_comes_first(rows, console):
    (form,) = for_script(console.get(page("integrations.integration", "change", rows.acme.integration.pk)))

    required = form["schema"]["required"]
    assert list(form["schema"]["properties"])[: len(required)] == required


def test_a_place_is_named_as_its_form_names_it():
    schema = {"properties": {"a": {"title": "First", "items": {"properties": {"b": {}}}}}}

    assert words_for(schema, ("a", "2", "b", "c")) == "First, 3, b, c"
    assert words_for(None, ("a", "0")) == "a, 0"
    assert words_for({"oneOf": [{"type": "object"}, {"type": "array", "items": {"title": "x"}}]}, ("1",)) == "2"


def test_titles_are_translated_and_values_are_not(monkeypatch):
    monkeypatch.setattr("tenants.console.json_forms.labels.gettext", str.upper)
    schema = {"title": "t", "description": "", "enum": ["v"], "x-labels": {"v": "l"}, "items": [{"title": "u"}]}

    assert translated(schema) == {
        "title": "T",
        "description": "",
        "enum": ["v"],
        "x-labels": {"v": "L"},
        "items": [{"title": "U"}],
    }
