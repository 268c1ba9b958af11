"""An admin at work in a real browser: the first page, one sub-account at a time, one lead among many."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from crm.counts import count_anew
from crm.tests.factories import BookingFactory, LeadFactory
from loctelli.tests.browsing import IN_A_BROWSER, give_password
from loctelli.tests.console_cast import fill
from loctelli.tests.legibility import FAINT_TEXTS
from security.tests.factories import SecurityIncidentFactory
from tenants.scope import system_scope

pytestmark = IN_A_BROWSER

LONG_NAME = "Bartholomew-Maximilian " * 12 + "the Third"
TOMORROW = timezone.now() + timedelta(days=2)


@pytest.fixture
def rows(live_server, transactional_db, cast):
    found = fill(cast)
    with system_scope("test"):
        for number in range(60):
            LeadFactory(name=f"Someone {number}", strategy=cast.acme_strategy, phone=f"+1 212 555 {1000 + number}")
        lead = LeadFactory(name="Zoë Müller", strategy=cast.globex_strategy, phone="+1 (646) 555-0199")
        LeadFactory(name=LONG_NAME, strategy=cast.acme_strategy)
        BookingFactory(lead=lead, details={"date": f"{TOMORROW:%Y-%m-%d}", "time": "23:30", "timezone": "UTC"})
        SecurityIncidentFactory(severity="CRITICAL", sub_account_id=cast.acme.pk)
        count_anew()
    return found


@pytest.fixture
def page(browser):
    return browser.new_page(viewport={"width": 1440, "height": 900}, timezone_id="Asia/Tokyo")


def sign_in(page, live_server, admin, path="/console/"):
    page.goto(f"{live_server.url}{path}")
    give_password(page, admin)
    page.wait_for_url(f"**{path}")


def narrow_by_keyboard(page, typed):
    """Open the switcher, type a part of a name and take what is found first, without a mouse."""
    page.focus(".console-switcher > button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#switcher-choices button")
    page.keyboard.type(typed)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_the_first_page_greets_an_admin_with_what_matters(live_server, cast, page, complaints, origins):
    sign_in(page, live_server, cast.ada)
    said = " ".join(page.inner_text("#content").split())

    later = TOMORROW + timedelta(days=1)
    assert "New leads 64 " in said
    assert f"{later:%a} {later.day} {later:%b}, 08:30" in said
    assert "times in Asia/Tokyo" in said
    assert page.locator(".console-chart svg rect").count() == 90
    page.click("text=Critical 1")
    page.wait_for_url("**/console/security/securityincident/**severity__exact=CRITICAL**")
    assert complaints == []
    assert origins == {urlsplit(live_server.url).netloc}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_what_we_add_can_be_read_at_any_width_by_day_and_by_night(scheme, width, live_server, cast, rows, browser):
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    sign_in(page, live_server, cast.ada)
    narrow_by_keyboard(page, "acme")
    found = {}
    for path in (
        "",
        "crm/lead/",
        f"crm/lead/{rows.acme.lead.pk}/change/",
        f"crm/lead/{rows.globex.lead.pk}/change/",
        f"crm/lead/{rows.acme.lead.pk}/conversation/",
    ):
        page.goto(f"{live_server.url}/console/{path}")
        page.wait_for_load_state("networkidle")
        too_wide = page.evaluate("document.documentElement.scrollWidth") > width
        found[path] = [*page.evaluate(FAINT_TEXTS), *(["wider than the screen"] if too_wide else [])]

    assert {path: faint for path, faint in found.items() if faint} == {}


def test_the_switcher_narrows_the_console_by_keyboard_and_stays_until_it_is_let_go(
    live_server, cast, page, complaints, browser
):
    sign_in(page, live_server, cast.ada, "/console/crm/lead/")
    narrow_by_keyboard(page, "glob")
    narrowed = page.inner_text("#result_list")
    said = page.inner_text(".console-narrowed")
    page.goto(f"{live_server.url}/console/accounts/user/")
    users = page.inner_text("#result_list")
    elsewhere = browser.new_page()
    sign_in(elsewhere, live_server, cast.ada, "/console/crm/lead/")
    signed_in_again = elsewhere.inner_text("#result_list")

    page.focus(".console-switcher > button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#switcher-choices button")
    page.keyboard.press("Escape")
    closed = page.is_hidden(".console-switcher-panel")
    back = page.evaluate("document.activeElement.getAttribute('aria-expanded')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#switcher-choices button")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    widened = page.inner_text("#result_list")

    assert "Zoë Müller" in narrowed
    assert "Someone" not in narrowed
    assert "Only Globex is shown" in said
    assert "Mallory" in users
    assert "Alice" not in users
    assert "Someone" not in signed_in_again
    assert (closed, back) == (True, "false")
    assert "Alice" in widened
    assert complaints == []


def test_a_forms_choices_follow_the_sub_account_that_is_chosen_in_it(live_server, cast, page, complaints):
    sign_in(page, live_server, cast.ada, "/console/crm/lead/add/")

    def choose(field, typed):
        page.click(f"[aria-labelledby=select2-id_{field}-container]")
        with page.expect_response(lambda answer: f"term={typed}&" in f"{answer.url}&"):
            page.locator(".select2-container--open .select2-search__field").press_sequentially(typed)
        page.wait_for_selector(".select2-results__option--highlighted")
        page.wait_for_selector(".select2-results .loading-results", state="detached")
        offered = page.inner_text(".select2-results")
        page.keyboard.press("Enter")
        return offered

    choose("sub_account", "glob")
    offered = choose("regular_user", "a")

    assert offered.split() == ["Mallory"]
    assert page.inner_text("#select2-id_regular_user-container").strip().endswith("Mallory")
    assert complaints == []
