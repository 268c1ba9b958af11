"""The console in a real browser: sign in, look at a list, open a row; nothing is asked of another origin."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from accounts.tests.factories import PASSWORD
from crm.conversations import append_message
from crm.tests.factories import BookingFactory, LeadFactory
from loctelli.tests.console_cast import fill
from tenants.scope import system_scope

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Where to put the README's picture; without it none is taken.
PICTURE = os.environ.get("CONSOLE_PICTURE")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM and not os.environ.get("CI"), reason="there is no chromium on this machine"),
]

PEOPLE = [
    ("Joan Whitfield", "qualified"),
    ("Marcus Adeyemi", "booked"),
    ("Priya Raman", "active"),
    ("Elena Sorokina", "lead"),
    ("Tom Okafor", "disqualified"),
    ("Hannah Lindqvist", "qualified"),
    ("Diego Fuentes", "active"),
]


@pytest.fixture
def rows(live_server, transactional_db, cast):
    found = fill(cast)
    with system_scope("test"):
        for name, status in PEOPLE:
            lead = LeadFactory(name=name, status=status, strategy=cast.acme_strategy, phone="212-555-0142")
            append_message(lead, role="user", content="Can we talk on Friday?")
        BookingFactory(lead=lead)
    return found


@pytest.fixture
def page(rows):
    """A browser's page, opened once the rows are there: Playwright's loop and Django's queries keep apart."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser.new_page(viewport={"width": 1440, "height": 900})
        finally:
            browser.close()


@pytest.fixture
def complaints(page):
    """What the browser had to say: errors, refused resources, failed requests."""
    found = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("response", lambda answer: found.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    return found


@pytest.fixture
def origins(page):
    found = set()
    page.on("request", lambda request: found.add(urlsplit(request.url).netloc))
    return found


def test_an_admin_signs_in_looks_at_the_leads_and_opens_one(live_server, cast, rows, page, complaints, origins):
    page.goto(f"{live_server.url}/console/crm/lead/")
    page.fill("input[name=username]", cast.ada.email)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/console/crm/lead/")
    listed = page.inner_text("#result_list")
    if PICTURE:
        page.wait_for_load_state("networkidle")
        page.screenshot(path=Path(PICTURE))
    page.click("text=Lead of Acme")
    page.wait_for_selector("input[name=name]")

    assert all(name in listed for name, _ in PEOPLE)
    assert "Lead of Globex" in listed
    assert page.input_value("input[name=name]") == "Lead of Acme"
    assert "What does Acme cost?" in page.inner_text("#content")
    assert rows.acme.lead.name in page.title()
    assert complaints == []
    assert origins == {urlsplit(live_server.url).netloc}


def test_a_reference_is_chosen_by_typing(live_server, cast, page, complaints):
    page.goto(f"{live_server.url}/console/crm/lead/add/")
    page.fill("input[name=username]", cast.ada.email)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector("input[name=name]")

    page.click("[aria-labelledby=select2-id_regular_user-container]")
    page.keyboard.type("mall")
    page.click("text=Mallory · Globex")

    assert page.inner_text("#select2-id_regular_user-container").strip().endswith("Mallory · Globex")
    assert complaints == []
