"""The forms of JSON columns in a real browser, with nothing but keys and clicks."""

import json

import pytest

from accounts.models import User
from agents.models import PromptTemplate
from crm.models import Booking, Lead
from forms.models import FormTemplate
from loctelli.tests.browsing import IN_A_BROWSER, picture, save, stored
from loctelli.tests.console_cast import fill
from loctelli.tests.console_cast import page as address_of
from loctelli.tests.legibility import FAULTS_OF_FORMS
from tenants.models import SubAccount
from tenants.scope import system_scope

HOSTILE = "<img src=x onerror=\"document.title='taken'\">"


HOURS = {
    "weekly": {
        "monday": [{"start": "09:00", "end": "12:00", "room": 4}],
        "sunday": [{"start": "10:00", "end": "11:00"}],
    },
    "slot_minutes": 60,
    "colour": "blue",
}


FIELDS = [
    {"id": "name", "type": "text", "label": HOSTILE, "required": True, "tracking": {"event": "n"}},
    {"id": "email", "type": "email", "label": "E-mail"},
]


pytestmark = IN_A_BROWSER


@pytest.fixture
def rows(live_server, transactional_db, cast):
    found = fill(cast)
    with system_scope("test"):
        User.objects.filter(pk=cast.alice.pk).update(bookings_time=HOURS)
        SubAccount.objects.filter(pk=cast.acme.pk).update(settings={"lead_statuses": ["quoted"], "theme": HOSTILE})
        FormTemplate.objects.filter(pk=found.acme.form.pk).update(schema=FIELDS)
        Booking.objects.filter(pk=found.acme.booking.pk).update(details={"date": "next week", "guests": 3})
        Lead.objects.filter(pk=found.acme.lead.pk).update(conversation_state={"stage": "closing", "roof": {"age": 12}})
    return found


def test_a_forms_fields_are_added_filled_in_and_moved_by_keyboard(rows, open_page):
    page = open_page(address_of("forms.formtemplate", "change", rows.acme.form.pk))
    form = page.locator(".json-form")

    form.get_by_role("button", name="Add a field").press("Enter")
    page.keyboard.type("Roof type")
    form.get_by_role("combobox", name="Type", exact=True).select_option(label="Radio")
    form.get_by_role("button", name="Add an option").press("Enter")
    page.keyboard.type("Flat roof")
    form.get_by_role("group", name="Shown only if").last.get_by_label("Field").select_option(label="E-mail")
    form.get_by_role("group", name="Shown only if").last.get_by_label("Is", exact=True).fill("x")
    form.get_by_role("button", name="Move Roof type · Radio up").press("Enter")
    picture(page, "form", full_page=True)
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    announced = form.locator("[aria-live]").inner_text()
    page.keyboard.press("Enter")
    save(page)

    assert focused == "Move Roof type · Radio up"
    assert announced == "Roof type · Radio is now number 2 of 3."
    assert stored(FormTemplate, rows.acme.form.pk, "schema") == [
        {
            "id": "roof_type",
            "type": "radio",
            "label": "Roof type",
            "options": [{"label": "Flat roof", "value": "flat_roof"}],
            "show_if": {"field": "email", "equals": "x"},
        },
        *FIELDS,
    ]
    assert HOSTILE in page.locator(".json-form-title").nth(1).inner_text()
    assert page.title() != "taken"


def test_a_fault_stands_at_its_input_and_nothing_typed_is_lost(rows, open_page):
    page = open_page(address_of("forms.formtemplate", "change", rows.acme.form.pk))
    form = page.locator(".json-form")

    form.get_by_role("button", name="E-mail").first.click()
    form.get_by_role("textbox", name="Id", exact=True).fill("name")
    save(page)
    wrong = page.locator(".json-form-body [aria-invalid=true]")
    described = page.locator(f"#{wrong.get_attribute('aria-describedby').split()[-1]}").inner_text()
    picture(page, "fault", full_page=True)

    assert wrong.input_value() == "name"
    assert wrong.is_visible()
    assert described == "Another field has the id name."
    assert stored(FormTemplate, rows.acme.form.pk, "schema") == FIELDS


def test_a_weeks_hours_are_set_copied_and_given_exceptions(rows, cast, open_page):
    page = open_page(address_of("accounts.user", "change", cast.alice.pk))
    form = page.locator(".json-form")

    monday = form.get_by_role("group", name="Monday")
    monday.get_by_role("button", name="Add hours: Monday").click()
    page.keyboard.type("0100PM")
    monday.get_by_label("To").nth(1).fill("17:30")
    form.get_by_role("button", name="Monday: Copy to all").click()
    sunday = form.get_by_role("group", name="Sunday")
    sunday.get_by_role("button", name="Remove 09:00 · 12:00").click()
    sunday.get_by_role("button", name="Remove 13:00 · 17:30").click()
    form.get_by_role("button", name="Add a day").click()
    form.get_by_label("Date").fill("2027-12-24")
    form.get_by_label("Length of a meeting").fill("half an hour")
    save(page)
    refused = page.locator(".json-form-body [aria-invalid=true]").input_value()
    form.get_by_label("Length of a meeting").fill("30")
    picture(page, "week", full_page=True)
    save(page)

    day = [{"start": "09:00", "end": "12:00", "room": 4}, {"start": "13:00", "end": "17:30"}]
    days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
    assert refused == "half an hour"
    assert stored(User, cast.alice.pk, "bookings_time") == {
        "weekly": {**dict.fromkeys(days, day), "sunday": []},
        "overrides": [{"date": "2027-12-24", "hours": []}],
        "slot_minutes": 30,
        "colour": "blue",
    }


def test_settings_are_edited_and_what_nobody_knows_is_kept(rows, cast, open_page):
    page = open_page(address_of("tenants.subaccount", "change", cast.acme.pk))
    form = page.locator(".json-form")

    form.get_by_label("Time zone").fill("Europe/Berlin")
    form.get_by_label("Stage", exact=True).press("Enter")
    page.keyboard.type("contract sent")
    form.get_by_role("textbox", name="Name").fill("seats")
    form.get_by_label("Kind").select_option(label="Number")
    form.get_by_role("button", name="Add another value").click()
    page.keyboard.type("12")
    picture(page, "settings", full_page=True)
    save(page)

    assert stored(SubAccount, cast.acme.pk, "settings") == {
        "lead_statuses": ["quoted", "contract sent"],
        "theme": HOSTILE,
        "timezone": "Europe/Berlin",
        "seats": 12,
    }


def test_the_json_is_one_click_away_and_back(rows, cast, open_page):
    page = open_page(address_of("tenants.subaccount", "change", cast.acme.pk))
    form = page.locator(".json-form")
    text = form.locator("#id_settings")

    def goes_back(typed):
        text.fill(typed)
        form.get_by_role("button", name="Form", exact=True).click()
        return form.locator(".json-form-body").is_visible(), form.locator(".json-form-notice").text_content()

    form.get_by_label("Website").fill("https://acme.example")
    form.get_by_role("button", name="JSON", exact=True).click()
    seen = json.loads(text.input_value())
    tries = [goes_back(typed) for typed in ('{"website": ', '{"a": 1, "a": 2}', '{"n": 12345678901234567890}')]
    kept = text.input_value()
    comes_back = goes_back('{"website": "https://acme.example/new", "n": 9007199254740991}')
    website = form.get_by_label("Website").input_value()
    save(page)

    assert seen == {"lead_statuses": ["quoted"], "theme": HOSTILE, "website": "https://acme.example"}
    assert [visible for visible, _ in tries] == [False, False, False]
    assert "twice" in tries[1][1]
    assert "exactly" in tries[2][1]
    assert kept == '{"n": 12345678901234567890}'
    assert (comes_back, website) == ((True, ""), "https://acme.example/new")
    assert stored(SubAccount, cast.acme.pk, "settings") == {
        "website": "https://acme.example/new",
        "n": 9007199254740991,
    }


def test_a_conversations_state_a_bookings_details_and_tags(rows, cast, open_page):
    page = open_page(address_of("crm.lead", "change", rows.acme.lead.pk))
    page.get_by_label("Qualified").select_option(label="Yes")
    page.get_by_role("button", name="Add: Pain points").click()
    page.keyboard.type("Leaks")
    save(page)
    page.goto(
        page.url.replace(*("/crm/lead/", "/crm/booking/")).replace(
            f"/{rows.acme.lead.pk}/", f"/{rows.acme.booking.pk}/"
        )
    )
    odd = page.get_by_label("Date", exact=True).input_value()
    page.get_by_label("Date", exact=True).fill("2027-01-15")
    page.locator(".json-form").get_by_label("Time", exact=True).fill("10:30")
    save(page)
    picture(page, "booking", full_page=True)
    page.goto(page.url.split("/console/")[0] + address_of("agents.prompttemplate", "change", cast.template.pk))
    page.locator(".json-form").get_by_role("button", name="Add").click()
    page.keyboard.type("sales")
    page.keyboard.press("Enter")
    page.keyboard.type("roofs")
    save(page)

    assert stored(Lead, rows.acme.lead.pk, "conversation_state") == {
        "stage": "closing",
        "roof": {"age": 12},
        "qualified": True,
        "pain_points": ["Leaks"],
    }
    assert odd == "next week"
    assert stored(Booking, rows.acme.booking.pk, "details") == {"date": "2027-01-15", "time": "10:30", "guests": 3}
    assert stored(PromptTemplate, cast.template.pk, "tags") == ["sales", "roofs"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_everything_has_a_name_enough_contrast_and_room(width, dark, rows, cast, open_page):
    for label, key in (
        ("accounts.user", cast.alice.pk),
        ("forms.formtemplate", rows.acme.form.pk),
        ("integrations.integration", rows.acme.integration.pk),
        ("tenants.subaccount", cast.acme.pk),
    ):
        page = open_page(address_of(label, "change", key), width=width, dark=dark)
        for title in page.locator(".json-form-title").all():
            title.click()
        for button in page.locator(".json-form .json-form-button", has_text="Add").all():
            if button.is_visible():
                button.click()
        page.mouse.move(0, 0)
        picture(page, f"{label}-{width}-{'dark' if dark else 'light'}", full_page=True)

        assert page.evaluate("document.documentElement.classList.contains('dark')") == dark
        assert page.evaluate(FAULTS_OF_FORMS) == {"text": [], "edge": [], "nameless": [], "wide": []}, label
        page.context.close()
