"""Lists as files, and strategies and prompt templates from files."""

import csv
import io
import json

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import AdminUser
from agents.models import PromptTemplate, Strategy
from crm.tests.factories import LeadFactory
from loctelli.exports.files import BROKEN_OFF
from loctelli.tests.console_cast import limited_admin, page, signed_in, text
from tenants.console import exporting
from tenants.scope import is_bound, system_scope

FORMULA, MARKUP = '=HYPERLINK("http://evil.example","x")', "<b>Bold</b>"


def export(client, label, kind, query="", **form):
    """Export what matches a list's query, or the ticked rows."""
    ticked = form or {"select_across": "1", "_selected_action": ["0"]}
    answer = client.post(page(label, "changelist") + query, {"action": f"export_{kind}", **ticked})
    return answer, b"".join(answer.streaming_content) if answer.streaming else b""


def cells(data):
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_what_a_list_shows_is_what_comes_out(rows, cast, console):
    with system_scope("test"):
        LeadFactory(strategy=cast.acme_strategy, status="qualified", name="Quinn")

    answer, filtered = export(console, "crm.lead", "csv", "?status__exact=qualified")
    _, searched = export(console, "crm.lead", "jsonl", "?q=Lead+of+Acme")
    _, ticked = export(console, "crm.lead", "csv", _selected_action=[rows.globex.lead.pk])

    assert answer["Content-Disposition"].startswith('attachment; filename="leads-')
    assert [(row["name"], row["sub_account.name"], row["regular_user.name"]) for row in cells(filtered)] == [
        ("Quinn", "Acme", "Alice")
    ]
    assert [json.loads(line)["name"] for line in searched.splitlines()] == ["Lead of Acme"]
    assert [row["name"] for row in cells(ticked)] == ["Lead of Globex"]


@pytest.mark.parametrize(
    "label", ["crm.lead", "crm.contactsubmission", "forms.formsubmission", "agents.strategy", "agents.prompttemplate"]
)
@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl"])
def test_each_list_comes_out_in_each_format(label, kind, rows, console):
    answer, data = export(console, label, kind)

    assert answer.status_code == 200
    if kind == "xlsx":
        assert load_workbook(io.BytesIO(data)).active.max_row >= 2
    elif kind == "csv":
        assert len(cells(data)) >= 1
    else:
        assert json.loads(data.splitlines()[0])["id"]


def test_formulas_and_markup_stay_text(cast, console):
    with system_scope("test"):
        LeadFactory(strategy=cast.acme_strategy, name=FORMULA, company=MARKUP)

    _, comma_separated = export(console, "crm.lead", "csv")
    _, workbook = export(console, "crm.lead", "xlsx")

    found = cells(comma_separated)[0]
    assert (found["name"], found["company"]) == (f"'{FORMULA}", MARKUP)
    sheet = load_workbook(io.BytesIO(workbook)).active
    cell = next(cell for cell in sheet[2] if cell.value == FORMULA)
    assert cell.data_type == "s"


def test_no_conversation_comes_along(rows, console):
    _, data = export(console, "crm.lead", "jsonl")

    assert b"What does Acme cost?" not in data
    assert b"Hello" not in data


def test_rows_are_read_by_chunks_each_in_a_scope_of_its_own(cast, console, monkeypatch):
    monkeypatch.setattr(exporting, "ROWS_A_CHUNK", 10)
    with system_scope("test"):
        LeadFactory.create_batch(35, strategy=cast.acme_strategy)

    answer = console.post(
        page("crm.lead", "changelist"), {"action": "export_jsonl", "select_across": "1", "_selected_action": ["0"]}
    )
    outside = []
    lines = 0
    for chunk in answer.streaming_content:
        outside.append(not is_bound())
        lines += len(chunk.splitlines())

    assert lines == 35
    assert all(outside)


def test_whoever_loses_the_right_gets_no_more_rows_and_reads_that_some_are_missing(cast, monkeypatch):
    monkeypatch.setattr(exporting, "ROWS_A_CHUNK", 5)
    with system_scope("test"):
        LeadFactory.create_batch(20, strategy=cast.acme_strategy)
    admin = limited_admin("crm.view_lead")
    answer = signed_in(admin).post(
        page("crm.lead", "changelist"), {"action": "export_jsonl", "select_across": "1", "_selected_action": ["0"]}
    )
    with system_scope("test"):
        AdminUser.objects.filter(pk=admin.pk).update(permissions=[])

    received = []
    with pytest.raises(PermissionDenied):
        received.extend(answer.streaming_content)
    assert [json.loads(line) for line in b"".join(received).splitlines()] == [{"error": BROKEN_OFF}]


def test_an_export_is_offered_to_those_who_may_see_the_list(rows):
    client = signed_in(limited_admin("crm.view_lead"))

    shown = client.get(page("crm.lead", "changelist")).content.decode()

    assert 'value="export_csv"' in shown
    assert client.post(page("crm.contactsubmission", "changelist"), {"action": "export_csv"}).status_code == 403


# In again


def upload(client, label, data, **form):
    url = reverse(f"console:{label.replace('.', '_')}_import_rows")
    file = SimpleUploadedFile("rows.jsonl", data if isinstance(data, bytes) else json.dumps(data).encode())
    return client.post(url, {"file": file, **form})


def test_strategies_come_in_again_from_their_export_after_a_look(rows, cast, console):
    _, data = export(console, "agents.strategy", "jsonl", _selected_action=[cast.acme_strategy.pk])
    url = reverse("console:agents_strategy_import_rows")

    looked = upload(console, "agents.strategy", data, person=cast.mallory.pk)
    with system_scope("test"):
        before = Strategy.objects.count()
    content = looked.context["form"].data["content"]
    done = console.post(url, {"content": content, "person": cast.mallory.pk, "make": "1"}, follow=True)

    assert "This will be made, inactive" in text(looked)
    assert cast.acme_strategy.name in text(looked)
    assert before == 2
    assert "1 was made, inactive." in text(done)
    with system_scope("test"):
        made = Strategy.objects.order_by("pk").last()
        assert (made.name, made.sub_account_id, made.regular_user_id, made.is_active) == (
            cast.acme_strategy.name,
            cast.globex.pk,
            cast.mallory.pk,
            False,
        )
        assert made.qualification_questions == cast.acme_strategy.qualification_questions
        assert made.prompt_template_id == cast.template.pk


def test_prompt_templates_come_in_again(cast, console, ada):
    body = [{"name": "Roofers", "base_system_prompt": "You are kind.", "tags": ["roof"], "temperature": 0.4}]

    looked = upload(console, "agents.prompttemplate", body)
    console.post(
        reverse("console:agents_prompttemplate_import_rows"),
        {"content": looked.context["form"].data["content"], "make": "1"},
    )

    with system_scope("test"):
        made = PromptTemplate.objects.get(name="Roofers")
    assert (made.tags, made.temperature, made.is_active, made.created_by_admin_id) == (["roof"], 0.4, False, ada.pk)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "Choose a file."),
        (b"{not json", "This is no JSON"),
        (b'{"name": "A"}\n{broken', "Line 2 is no JSON"),
        (b"[]", "A file has between 1 and 200 rows."),
        (b"[3]", "This is no object."),
        (b'[{"name": "A", "colour": "red"}]', "colour: there is no such field."),
        (b'[{"name": 3}]', "name: must be text."),
        (b'[{"name": "A", "temperature": "hot"}]', "temperature: must be a number."),
        (b'[{"name": "A"}]', "base_system_prompt: This field cannot be"),
        (b'[{"name": "A", "name": "B"}]', "This is no JSON"),
        (b" " * 600_000, "This is too long: 500 kB at most."),
    ],
)
def test_what_is_wrong_with_a_file_is_said_and_nothing_is_made(data, sentence, cast, console):
    with system_scope("test"):
        before = PromptTemplate.objects.count()

    answer = upload(console, "agents.prompttemplate", data, make="1")

    assert sentence in text(answer).replace("&#x27;", "'")
    with system_scope("test"):
        assert PromptTemplate.objects.count() == before


def test_a_strategy_names_a_prompt_template_that_is_there_and_delays_that_can_be(rows, cast, console):
    known = {"prompt_template": {"name": cast.template.name}}
    unknown = {"prompt_template": {"name": "Nobody's"}}

    missing = text(upload(console, "agents.strategy", [{"name": "A", **unknown}], person=cast.alice.pk, make="1"))
    upside_down = text(
        upload(
            console, "agents.strategy", [{"name": "A", "delay_min": 9, "delay_max": 3, **known}], person=cast.alice.pk
        )
    )

    assert "there is none called" in missing
    assert "must not be below delay_min" in upside_down
    with system_scope("test"):
        assert Strategy.objects.count() == 2


def test_only_those_who_may_add_take_rows_in(cast):
    client = signed_in(limited_admin("agents.view_strategy", "agents.view_prompttemplate"))

    shown = client.get(page("agents.strategy", "changelist")).content.decode()

    assert "/import/" not in shown
    assert upload(client, "agents.strategy", [{"name": "A"}]).status_code == 403
    assert client.get(reverse("console:agents_prompttemplate_import_rows")).status_code == 403
