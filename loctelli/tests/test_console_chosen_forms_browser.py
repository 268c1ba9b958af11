"""The forms of JSON columns that depend on what is chosen on the same page, in a real browser."""

import pytest

from forms.models import FormSubmission
from forms.tests.factories import FormTemplateFactory
from integrations.models import Integration
from integrations.tests.factories import IntegrationTemplateFactory
from loctelli.management.seeds.integrations import TEMPLATES
from loctelli.tests.browsing import IN_A_BROWSER, ask, picture, save
from loctelli.tests.console_cast import fill
from loctelli.tests.console_cast import page as address_of
from tenants.scope import system_scope

pytestmark = IN_A_BROWSER

QUESTIONS = [
    {"id": "full_name", "label": "What are you called?", "type": "text"},
    {"id": "roof", "label": "How old is your roof?", "type": "text"},
]


@pytest.fixture
def rows(live_server, transactional_db, cast):
    return fill(cast)


@pytest.fixture
def services(rows, cast):
    with system_scope("test"):
        return [
            IntegrationTemplateFactory(created_by_admin=cast.ada, **{**each, "is_active": True}) for each in TEMPLATES
        ]


@pytest.fixture
def form_of_roofs(rows, cast):
    with system_scope("test"):
        return FormTemplateFactory(
            sub_account=cast.acme, created_by_admin=cast.ada, name="Roof check", slug="roof-check", schema=QUESTIONS
        )


def choose(page, name, typed):
    page.click(f"[aria-labelledby=select2-id_{name}-container]")
    page.locator(".select2-container--open .select2-search__field").press_sequentially(typed)
    page.locator(".select2-results__option--highlighted", has_text=typed).click()


def revealed(**lookup):
    return ask(lambda: Integration.objects.select_related("integration_template").get(**lookup).revealed_config)


def test_a_connection_gets_the_form_of_its_service_and_its_secrets_never_come_back(services, open_page, monkeypatch):
    monkeypatch.setattr("tenants.console.step_up.is_done", lambda request: True)
    page = open_page(address_of("integrations.integration", "add"))
    form = page.locator(".json-form")

    def offers_to_leave_it():
        return form.get_by_role("button", name="Leave as it was: API key").is_visible()

    before = form.inner_text()
    choose(page, "sub_account", "Acme")
    choose(page, "integration_template", "GoHighLevel CRM")
    form.get_by_role("button", name="Enter: API key").click()
    page.keyboard.type("pit-secret-4711")
    left_as_it_was = [offers_to_leave_it()]
    form.get_by_label("Location ID").fill("short")
    page.fill("[name=name]", "GoHighLevel")
    picture(page, "connection", full_page=True)
    save(page)
    wrong = page.locator(".json-form-body [aria-invalid=true]").input_value()
    left_as_it_was.append(offers_to_leave_it())
    form.get_by_label("Location ID").fill("loc_12345678")
    save(page)
    picture(page, "connection-stored", full_page=True)
    shown = page.content()
    first = revealed(name="GoHighLevel")
    form.get_by_role("button", name="Replace: API key").click()
    page.keyboard.type("pit-secret-4712")
    left_as_it_was.append(offers_to_leave_it())
    form.get_by_label("Calendar ID").fill("cal_12345678")
    save(page)
    second = revealed(name="GoHighLevel")
    form.get_by_role("button", name="Clear: API key").click()
    save(page)

    assert "Choose the template first" in before
    assert wrong == "short"
    assert left_as_it_was == [False, False, True]
    assert first == {"apiKey": "pit-secret-4711", "locationId": "loc_12345678"}
    assert "pit-secret" not in shown
    assert second == {"apiKey": "pit-secret-4712", "locationId": "loc_12345678", "calendarId": "cal_12345678"}
    assert "This is required." in form.inner_text()
    assert revealed(name="GoHighLevel") == second


def test_a_submission_that_is_added_by_hand_asks_the_questions_of_its_form(form_of_roofs, open_page):
    page = open_page(address_of("forms.formsubmission", "add"))
    form = page.locator(".json-form").first

    before = form.inner_text()
    picture(page, "submission-before", full_page=True)
    choose(page, "sub_account", "Acme")
    choose(page, "form_template", "Roof check")
    form.get_by_label("What are you called?").fill("Joan")
    form.get_by_label("How old is your roof?").fill("Twelve years")
    picture(page, "submission", full_page=True)
    save(page)

    assert "Choose the template first" in before
    stored = ask(lambda: FormSubmission.objects.get(form_template=form_of_roofs))
    assert stored.data == {
        "full_name": "Joan",
        "roof": "Twelve years",
    }
