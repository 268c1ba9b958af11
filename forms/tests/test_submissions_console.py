"""A submission in the console: its answers stand by the questions of its form."""

from django.urls import reverse

from forms.tests.factories import FormSubmissionFactory, FormTemplateFactory
from loctelli.tests.console_cast import limited_admin, signed_in, text
from tenants.scope import system_scope

SCHEMA = [
    {"id": "full_name", "label": "What are you called?", "type": "text"},
    {"id": "roof", "label": "How old is your roof?", "type": "number"},
]


def submission(cast, **data):
    with system_scope("test"):
        form = FormTemplateFactory(sub_account=cast.acme, created_by_admin=cast.ada, slug="roof", schema=SCHEMA)
        return FormSubmissionFactory(form_template=form, data=data)


def page_of(row) -> str:
    return reverse("console:forms_formsubmission_change", args=[row.pk])


def test_whoever_reads_it_reads_the_questions(cast):
    row = submission(cast, full_name="Joan", roof=12, utm_source="spring")

    shown = text(signed_in(limited_admin("forms.view_formsubmission")).get(page_of(row)))

    assert "What are you called? Joan How old is your roof? 12 utm_source spring" in shown


def test_whoever_changes_it_is_asked_the_same_questions(cast, ada):
    row = submission(cast, full_name="Joan")

    widget = signed_in(ada).get(page_of(row)).context["adminform"].form.fields["data"].widget

    asked = {name: each["title"] for name, each in widget.schema["properties"].items()}
    assert asked == {"full_name": "What are you called?", "roof": "How old is your roof?"}


def test_a_form_of_which_nobody_knows_the_fields_hides_no_answer(cast, ada):
    row = submission(cast, full_name="Joan")
    with system_scope("test"):
        type(row.form_template).objects.filter(pk=row.form_template_id).update(schema=["?", {"id": "roof"}])

    answers = [signed_in(admin).get(page_of(row)) for admin in (ada, limited_admin("forms.view_formsubmission"))]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("Joan" in text(answer) for answer in answers)


def test_whoever_adds_one_gets_the_questions_of_the_form_they_choose_and_nobody_else_does(cast, ada):
    form = submission(cast).form_template
    adding, reading = signed_in(ada), signed_in(limited_admin("forms.view_formsubmission"))
    address = reverse("console:forms_formsubmission_schema")

    asked = adding.get(address, {"id": form.pk}).json()["properties"]
    statuses = [client.get(address, {"id": form.pk}).status_code for client in (adding, reading)]
    unknown = [adding.get(address, {"id": key}).status_code for key in ("", "nobody", "\0")]

    assert [question["title"] for question in asked.values()] == ["What are you called?", "How old is your roof?"]
    assert (statuses, unknown) == ([200, 403], [404, 404, 404])
