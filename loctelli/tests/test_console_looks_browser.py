"""Every list and page in a browser, wide and narrow, by day and by night: readable, named, no wider than the screen."""

from functools import partial

import pytest
from playwright.sync_api import Route

from accounts.tests.factories import UserFactory
from agents.tests.factories import PromptTemplateFactory, StrategyFactory
from crm.conversations import append_message
from crm.tests.factories import BookingFactory, ContactSubmissionFactory, LeadFactory
from forms.tests.factories import FormSubmissionFactory, FormTemplateFactory
from loctelli.console.groups import GROUPS
from loctelli.csp import policy_for
from loctelli.tests.browsing import IN_A_BROWSER, beside, picture
from loctelli.tests.console_cast import READ_ONLY, a_row_of, fill
from loctelli.tests.console_cast import page as address_of
from loctelli.tests.error_pages import ERROR_PAGES
from loctelli.tests.legibility import FAULTS_OF_PAGES
from tenants.scope import system_scope
from tenants.tests.factories import SubAccountFactory

pytestmark = IN_A_BROWSER

# The longest name that the API takes, in one word and in many.
ONE_WORD, MANY_WORDS = "W" * 255, ("Bartholomew " * 22)[:255]
LOOKS = [(1280, False), (1280, True), (390, False), (390, True)]
SHOW = """(dark) => {
    document.documentElement.classList.toggle("dark", dark);
    document.querySelectorAll("*").forEach((element) => element.getAnimations().forEach((each) => each.finish()));
}"""


@pytest.fixture
def rows(live_server, transactional_db, cast):
    """Rows with the shortest names there are, and after them some with the longest."""
    found = fill(cast)
    with system_scope("test"):
        for name in (MANY_WORDS, ONE_WORD):
            owner = SubAccountFactory(name=name, created_by_admin=cast.ada)
            person = UserFactory(sub_account=owner, name=name, company=name)
            template = PromptTemplateFactory(name=name, category=name, created_by_admin=cast.ada)
            strategy = StrategyFactory(regular_user=person, prompt_template=template, name=name, tag=name)
            lead = LeadFactory(strategy=strategy, name=name, company=name, email=f"{name[:240].strip()}@x.example")
            append_message(lead, role="user", content=name * 4)
            BookingFactory(lead=lead)
            ContactSubmissionFactory(sub_account=owner, full_name=name, message=name * 4, source=name)
            form = FormTemplateFactory(
                sub_account=owner, created_by_admin=cast.ada, slug=f"f-{len(name)}-{name[0]}", name=name
            )
            FormSubmissionFactory(form_template=form, data={name: name})
    return found


def looks_of(page, address: str) -> dict[str, dict]:
    """Return what is wrong with a page that is open, at each width and in each theme."""
    faults = {}
    for width, dark in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(SHOW, dark)
        found = {kind: what for kind, what in page.evaluate(FAULTS_OF_PAGES).items() if what}
        if found:
            faults[f"{address} {width} {'dark' if dark else 'light'}"] = found
    return faults


def go(page, live_server, address: str) -> None:
    page.goto(f"{live_server.url}{address}", wait_until="load")


def keys_of(labels) -> dict[str, object]:
    def read():
        with system_scope("test"):
            rows = {label: a_row_of(label) for label in labels}
            return {label: row and row.pk for label, row in rows.items()}

    return beside(read)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.slug)
def test_lists_and_pages_hold_the_longest_names(group, rows, cast, live_server, open_page):
    keys, faults = keys_of(group.models), {}
    page = open_page("/console/")
    for label, key in keys.items():
        pages = [("changelist", ()), *([("change", (key,)), ("history", (key,))] if key else [])]
        for name, arguments in pages:
            address = address_of(label, name, *arguments)
            go(page, live_server, address)
            faults |= looks_of(page, address)
            picture(page, f"{label}-{name}")

    assert faults == {}


def test_forms_questions_and_pages_beside_hold_them_too(rows, cast, live_server, open_page):
    keys = keys_of(["crm.lead", "accounts.user", "tenants.subaccount", "agents.strategy"])
    addresses = [
        "/console/",
        "/console/sessions/",
        "/console/second-factor/",
        "/console/password_change/",
        f"/console/offboarding/closing/close/{keys['tenants.subaccount']}/",
        f"/console/crm/lead/{keys['crm.lead']}/conversation/",
        f"/console/crm/lead/{keys['crm.lead']}/do/change_status/",
        *(address_of(label, "delete", key) for label, key in keys.items()),
        *(address_of(label, "add") for group in GROUPS for label in group.models if label not in READ_ONLY),
    ]
    page, faults = open_page("/console/"), {}
    for address in addresses:
        go(page, live_server, address)
        faults |= looks_of(page, address)

    assert faults == {}


def test_lists_of_none_and_of_one_look_right(rows, cast, live_server, open_page):
    page, faults, said = open_page("/console/"), {}, {}
    for label in ("crm.lead", "crm.booking", "accounts.user", "tenants.subaccount", "crm.contactsubmission"):
        for query in ("?q=nobodyiscalledso", f"?q={ONE_WORD[:200]}"):
            address = f"{address_of(label, 'changelist')}{query}"
            go(page, live_server, address)
            faults |= looks_of(page, address)
            said[label, query[:8]] = page.locator("#result_list tbody tr").count()

    assert faults == {}
    assert {rows for (_, query), rows in said.items() if query == "?q=nobod"} == {0}
    assert {rows for (_, query), rows in said.items() if query != "?q=nobod"} == {1}


def test_error_pages_look_right_in_each_of_them(rows, live_server, browser):
    """At an address of no view of ours: its policy for content is the strictest."""
    answers = {name: beside(answer).content for name, (_, answer) in ERROR_PAGES.items()}
    headers = {"Content-Type": "text/html", "Content-Security-Policy": policy_for("/nothing/")}
    faults, complaints = {}, []
    for width, dark in LOOKS:
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light")
        page.on("console", lambda message: complaints.append(message.text))
        for name, html in answers.items():
            page.route("**/nothing/", partial(Route.fulfill, body=html, headers=headers))
            go(page, live_server, "/nothing/")
            picture(page, f"error-{name.replace(' ', '-')}-{width}-{'dark' if dark else 'light'}")
            found = {kind: what for kind, what in page.evaluate(FAULTS_OF_PAGES).items() if what}
            if found:
                faults[name, width, dark] = found
            page.unroute("**/nothing/")

    assert (faults, complaints) == ({}, [])
