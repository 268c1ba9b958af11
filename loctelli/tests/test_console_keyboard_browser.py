"""The console without a mouse: Tab comes to whatever there is to use, one sees where one is, and nothing is a trap."""

import pytest

from accounts.tests.factories import PASSWORD
from loctelli.console.groups import GROUPS
from loctelli.tests.browsing import IN_A_BROWSER, ask
from loctelli.tests.console_cast import READ_ONLY, a_row_of
from loctelli.tests.console_cast import page as address_of
from loctelli.tests.keyboard import faults_of_walk

pytestmark = IN_A_BROWSER


@pytest.fixture
def walk(live_server, open_page):
    """Walk around pages by Tab, signed in and stepped up; return what is wrong with each.

    The menu is the same on all of them, so that most tests go past it.
    """

    def walk_around(addresses, *, width=1280, dark=False, past="#nav-sidebar"):
        page = open_page("/console/step-up/", width=width, dark=dark)
        page.fill("[name=password]", PASSWORD)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        faults = {}
        for address in addresses:
            page.goto(f"{live_server.url}{address}")
            found = faults_of_walk(page, past=past)
            if found:
                faults[address] = found
        return faults

    return walk_around


def key_of(label: str):
    return ask(lambda: getattr(a_row_of(label), "pk", None))


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.slug)
def test_lists_pages_and_forms(group, rows, live_server, walk):
    keys = {label: key_of(label) for label in group.models}

    faults = walk(
        [
            *(address_of(label, "changelist") for label in keys),
            *(address_of(label, "change", key) for label, key in keys.items() if key),
            *(address_of(label, "add") for label in keys if label not in READ_ONLY),
        ]
    )

    assert faults == {}


def test_pages_beside_and_pages_that_ask(rows, cast, walk):
    lead, strategy, acme = rows.acme.lead.pk, cast.acme_strategy.pk, cast.acme.pk

    faults = walk(
        [
            "/console/",
            "/console/sessions/",
            "/console/second-factor/",
            "/console/step-up/",
            "/console/password_change/",
            f"/console/accounts/user/{cast.alice.pk}/password/",
            f"/console/offboarding/closing/close/{acme}/",
            f"/console/crm/lead/{lead}/conversation/",
            f"/console/crm/lead/{lead}/do/assign/",
            f"/console/agents/strategy/{strategy}/do/copy/",
            "/console/agents/strategy/import/",
            address_of("crm.lead", "history", lead),
            address_of("crm.lead", "delete", lead),
            address_of("accounts.user", "delete", cast.alice.pk),
            address_of("tenants.subaccount", "delete", acme),
        ]
    )

    assert faults == {}


def test_on_a_telephone_and_by_night(rows, cast, walk):
    lead = rows.acme.lead.pk
    addresses = ["/console/", address_of("crm.lead", "changelist"), address_of("crm.lead", "change", lead)]

    assert walk([*addresses, address_of("accounts.user", "add")], width=390, dark=True, past=None) == {}


def test_the_menu(rows, walk):
    assert walk(["/console/"], past=None) == {}


def test_signing_in(rows, live_server, browser):
    page = browser.new_page()
    page.goto(f"{live_server.url}/console/login/")

    assert faults_of_walk(page) == {}


def test_menus_and_filters_open_by_key_and_give_the_focus_back(rows, open_page):
    page = open_page(address_of("crm.lead", "change", rows.acme.lead.pk))
    more = page.get_by_role("button", name="More: Strategy")
    account = page.locator(".cursor-pointer", has_text="ada@loctelli.example")

    def focused() -> str:
        return page.evaluate("document.activeElement.textContent").strip()

    more.press("Enter")
    within = page.locator("#related-widget-wrapper-strategy :focus")
    within.wait_for()
    page.keyboard.press("Escape")
    back = more.evaluate("(element) => element === document.activeElement")
    account.press(" ")
    page.locator("nav :focus", has_text="Light").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    is_dark = page.evaluate("document.documentElement.classList.contains('dark')")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    own = focused()
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert (back, is_dark, own) == (True, True, "Change password")
    assert page.url.endswith("/console/password_change/")


def test_a_list_is_filtered_by_key(rows, open_page):
    page = open_page(address_of("crm.booking", "changelist"))
    filters = page.get_by_role("button", name="Filters", exact=True)

    filters.press("Enter")
    page.locator("#changelist-filter :focus").wait_for()
    opened = filters.get_attribute("aria-expanded")
    page.keyboard.press("Shift+Tab")
    page.locator("#changelist-filter").wait_for(state="hidden")
    back = filters.evaluate("(element) => element === document.activeElement")
    page.keyboard.press("Enter")
    page.locator("#changelist-filter :focus").wait_for()
    with page.expect_navigation():
        page.locator("#changelist-filter").get_by_role("link", name="Pending").press("Enter")

    assert (opened, back) == ("true", True)
    assert "status__exact=pending" in page.url
