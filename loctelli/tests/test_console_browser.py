"""The console in a real browser: sign in, look at a list, open a row; nothing is asked of another origin."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from accounts.tests.authenticator import code_of
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
# Where to put the README's picture, and one of each page on the way through sign-in; without them none is taken.
PICTURE = os.environ.get("CONSOLE_PICTURE")
PICTURES = os.environ.get("CONSOLE_PICTURES")

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
    name, title = page.input_value("input[name=name]"), page.title()
    page.click(".console-related >> text=Conversation")
    page.wait_for_selector(".console-said")

    assert all(name in listed for name, _ in PEOPLE)
    assert "Lead of Globex" in listed
    assert name == "Lead of Acme"
    assert rows.acme.lead.name in title
    assert "What does Acme cost?" in page.inner_text("#content")
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


def test_an_app_is_set_up_and_asked_for_and_a_recovery_code_does_without_it(
    live_server, cast, settings, page, complaints, origins
):
    settings.CONSOLE_REQUIRE_TOTP = True

    def give_password():
        page.goto(f"{live_server.url}/console/crm/lead/")
        page.fill("input[name=username]", cast.ada.email)
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]")

    def give_code(code):
        page.wait_for_selector("input[name=code]")
        picture(page, "code")
        page.fill("input[name=code]", code)
        page.click("button[type=submit]")

    def sign_out():
        with page.expect_navigation(url="**/console/logout/"):
            page.evaluate("document.getElementById('logout-form').submit()")

    give_password()
    page.wait_for_selector("#qr-code svg")
    picture(page, "enrolment")
    secret = page.inner_text("#secret").replace(" ", "")
    page.fill("input[name=code]", code_of(secret))
    page.click("text=Turn it on")
    page.wait_for_selector("#recovery-codes")
    picture(page, "recovery-codes")
    codes = page.inner_text("#recovery-codes").split()
    page.click("text=on to the console")
    sign_out()

    give_password()
    give_code(code_of(secret, steps=1))
    page.wait_for_url("**/console/crm/lead/")
    by_app = page.inner_text("#result_list")
    sign_out()

    give_password()
    give_code(codes[0])
    page.wait_for_url("**/console/crm/lead/")
    page.goto(f"{live_server.url}/console/second-factor/")
    picture(page, "own-app")

    assert len(codes) == 10
    assert "Lead of Acme" in by_app
    assert "9 of them are unused" in page.inner_text("#content")
    assert complaints == []
    assert origins == {urlsplit(live_server.url).netloc}


def picture(page, name):
    """Take a picture on the way, if somebody wants to look at it."""
    if PICTURES:
        page.wait_for_load_state("networkidle")
        page.screenshot(path=Path(PICTURES) / f"{name}.png")
