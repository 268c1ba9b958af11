"""Forms over the API: one's own to write, everyone's to read."""

import pytest

from forms.models import FormTemplate
from forms.tests.factories import FormSubmissionFactory, FormTemplateFactory
from tenants.scope import system_scope

FORMS = "/api/v1/form-templates/"


@pytest.fixture
def own(cast) -> FormTemplate:
    with system_scope("test"):
        return FormTemplateFactory(name="Inspection", slug="inspection", sub_account=cast.acme)


@pytest.fixture
def shared(cast) -> FormTemplate:
    with system_scope("test"):
        return FormTemplateFactory(name="Everyone's", slug="everyone", sub_account=None)


def new_form(**fields) -> dict:
    schema = [{"id": "name", "type": "text", "label": "Name", "required": True}]
    return {"name": "Quote", "slug": "quote", "title": "Get a quote", "schema": schema, **fields}


def errors_of(answer) -> list[tuple[str, str]]:
    return [(error["path"], error["code"]) for error in answer.json()["errors"]]


def test_a_form_is_made_for_ones_own_business(cast, as_alice, as_mallory):
    made = as_alice.post(FORMS, new_form())

    assert made.status_code == 201, made.content
    shown = {name: made.json()[name] for name in ("sub_account_id", "is_global", "submit_button_text", "is_active")}
    assert shown == {
        "sub_account_id": cast.acme.pk,
        "is_global": False,
        "submit_button_text": "Submit",
        "is_active": True,
    }
    assert as_mallory.get(f"{FORMS}{made.json()['id']}/").status_code == 404
    with system_scope("test"):
        assert FormTemplate.objects.get().created_by_admin_id == cast.ada.pk


def test_everyones_form_is_read_and_never_written(shared, as_alice, as_mallory):
    for client in (as_alice, as_mallory):
        address = f"{FORMS}{shared.pk}/"
        found = client.get(address).json()

        assert (found["is_global"], found["sub_account_id"]) == (True, None)
        assert [client.patch(address, {"name": "Mine"}).status_code, client.delete(address).status_code] == [404, 404]
    with system_scope("test"):
        assert FormTemplate.objects.get(pk=shared.pk).name == "Everyone's"


def test_nobody_makes_a_form_for_everyone_or_another(cast, as_alice):
    for sub_account_id in (None, cast.globex.pk):
        answer = as_alice.post(FORMS, new_form(sub_account_id=sub_account_id))

        assert errors_of(answer) == [("sub_account_id", "read_only")]


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        ({}, ("schema", "not_an_array")),
        (["name"], ("schema.0", "type")),
        ([{"id": "name", "type": "text"}], ("schema.0.label", "required")),
        ([{"id": 1, "type": "text", "label": "x"}], ("schema.0.id", "type")),
        ([{"id": "", "type": "text", "label": "x"}], ("schema.0.id", "min_length")),
        ([{"id": "a", "type": "telepathy", "label": "x"}], ("schema.0.type", "enum")),
        ([{"id": "a", "type": "text", "label": "x"}] * 2, ("schema.1.id", "duplicate_field")),
        ([[{"id": "a", "type": "text", "label": "x"}]], ("schema.0", "type")),
        ([{"id": "a", "type": "radio", "label": "x"}], ("schema.0.options", "required")),
        ([{"id": "a", "type": "number", "label": "x", "min": 3, "max": 2}], ("schema.0.max", "below_least")),
        (
            [{"id": "a", "type": "text", "label": "x", "show_if": {"field": "b", "equals": 1}}],
            ("schema.0.show_if.field", "unknown_field"),
        ),
    ],
)
def test_a_form_has_fields_with_ids_of_their_own(schema, error, as_alice):
    assert errors_of(as_alice.post(FORMS, new_form(schema=schema))) == [error]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"slug": "with space"}, ("slug", "invalid")),
        ({"slug": "ümlaut"}, ("slug", "invalid")),
        ({"slug": "inspection"}, ("slug", "unique")),
        ({"wake_up_interval": 4}, ("wake_up_interval", "min_value")),
        ({"title": ""}, ("title", "blank")),
    ],
)
def test_what_a_form_can_not_be(fields, error, own, as_alice):
    assert errors_of(as_alice.post(FORMS, new_form(**fields))) == [error]


def test_a_slug_that_another_business_has_is_taken(own, as_mallory):
    assert errors_of(as_mallory.post(FORMS, new_form(slug="inspection"))) == [("slug", "unique")]


def test_a_form_with_submissions_is_not_deleted_and_the_answer_counts_them(own, as_alice):
    with system_scope("test"):
        submissions = FormSubmissionFactory.create_batch(2, form_template=own)
    address = f"{FORMS}{own.pk}/"

    refused = as_alice.delete(address)

    assert (refused.status_code, refused.json()["code"]) == (409, "still_referenced")
    assert refused.json()["errors"] == [
        {"path": "form_submissions", "code": "still_referenced", "detail": "2 form submissions"}
    ]
    for submission in submissions:
        assert as_alice.delete(f"/api/v1/form-submissions/{submission.pk}/").status_code == 204
    assert as_alice.delete(address).status_code == 204


def test_forms_are_found_and_filtered(own, shared, as_alice):
    def slugs(query: str) -> list[str]:
        return [found["slug"] for found in as_alice.get(f"{FORMS}?{query}").json()["results"]]

    assert slugs("ordering=name") == ["everyone", "inspection"]
    assert slugs("slug=inspection") == ["inspection"]
    assert slugs("search=every") == ["everyone"]
    assert slugs("sub_account_id__isnull=true") == ["everyone"]
    assert slugs("sub_account_id__isnull=false&is_active=true") == ["inspection"]
