"""The console in a real browser: sign in, look at a list, open a row; nothing is asked of another origin."""

from urllib.parse import urlsplit

import pytest

from accounts.tests.authenticator import code_of
from crm.conversations import append_message
from crm.tests.factories import BookingFactory, LeadFactory
from loctelli.tests.browsing import IN_A_BROWSER, give_password, picture
from loctelli.tests.console_cast import fill
from tenants.scope import system_scope

pytestmark = IN_A_BROWSER

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
def page(browser):
    return browser.new_page(viewport={"width": 1440, "height": 900})


def test_an_admin_signs_in_looks_at_the_leads_and_opens_one(live_server, cast, rows, page, complaints, origins):
    page.goto(f"{live_server.url}/console/crm/lead/")
    give_password(page, cast.ada)
    page.wait_for_url("**/console/crm/lead/")
    listed = page.inner_text("#result_list")
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
    give_password(page, cast.ada)
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

    def begin():
        page.goto(f"{live_server.url}/console/crm/lead/")
        give_password(page, cast.ada)

    def give_code(code):
        page.wait_for_selector("input[name=code]")
        picture(page, "code")
        page.fill("input[name=code]", code)
        page.click("button[type=submit]")

    def sign_out():
        with page.expect_navigation(url="**/console/logout/"):
            page.evaluate("document.getElementById('logout-form').submit()")

    begin()
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

    begin()
    give_code(code_of(secret, steps=1))
    page.wait_for_url("**/console/crm/lead/")
    by_app = page.inner_text("#result_list")
    sign_out()

    begin()
    give_code(codes[0])
    page.wait_for_url("**/console/crm/lead/")
    page.goto(f"{live_server.url}/console/second-factor/")
    picture(page, "own-app")

    assert len(codes) == 10
    assert "Lead of Acme" in by_app
    assert "9 of them are unused" in page.inner_text("#content")
    assert complaints == []
    assert origins == {urlsplit(live_server.url).netloc}
