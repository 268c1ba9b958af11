"""What the tests of the console and of the walls stand on."""

from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import translation
from playwright.sync_api import sync_playwright

from crm.models import Lead
from crm.tests.factories import LeadFactory
from loctelli.tests.browsing import CHROMIUM, FLAGS, give_password
from loctelli.tests.console_cast import fill, signed_in
from tenants.scope import system_scope


@pytest.fixture
def rows(cast) -> SimpleNamespace:
    """One row of every model in both businesses."""
    return fill(cast)


@pytest.fixture
def console(ada) -> Client:
    """Ada's session in the console."""
    return signed_in(ada)


@pytest.fixture
def brackets(monkeypatch):
    """A language that puts brackets around whatever is translated."""

    def plural(singular, several, number):
        return f"⟦{singular if number == 1 else several}⟧"

    monkeypatch.setattr(translation._trans, "gettext", lambda text: f"⟦{text}⟧" if text else "")
    monkeypatch.setattr(translation._trans, "ngettext", plural)
    monkeypatch.setattr(translation._trans, "pgettext", lambda context, text: f"⟦{text}⟧")
    monkeypatch.setattr(
        translation._trans, "npgettext", lambda context, singular, several, number: plural(singular, several, number)
    )


@pytest.fixture
def leads(cast) -> tuple[Lead, Lead]:
    """A lead of acme's and one of globex's."""
    with system_scope("test"):
        return LeadFactory(name="Own", strategy=cast.acme_strategy), LeadFactory(
            name="Foreign", strategy=cast.globex_strategy
        )


@pytest.fixture
def browser(rows):
    """A browser, opened once the rows are there: Playwright's loop and Django's queries keep apart."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield found
        finally:
            found.close()


@pytest.fixture
def complaints(page) -> list[str]:
    """What the browser had to say: errors, refused resources, failed requests."""
    found = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("response", lambda answer: found.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    return found


@pytest.fixture
def origins(page) -> set[str]:
    """Whom the browser asked."""
    found = set()
    page.on("request", lambda request: found.add(urlsplit(request.url).netloc))
    return found


@pytest.fixture
def open_page(browser, live_server, cast):
    """Open an address, signed in, in a window of a width and a theme; what the browser complains of fails the test."""
    complaints, state = [], {}

    def open_one(address: str, *, width: int = 1280, dark: bool = False):
        page = browser.new_context(
            viewport={"width": width, "height": 900},
            storage_state=state or None,
            color_scheme="dark" if dark else "light",
        ).new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if is_outside(request.url) else None)
        page.goto(f"{live_server.url}{address}")
        if page.query_selector("input[name=username]"):
            give_password(page, cast.ada)
            page.wait_for_url(f"**{address}")
            state.update(page.context.storage_state())
        return page

    def is_outside(url: str) -> bool:
        return urlsplit(url).scheme != "data" and urlsplit(url).netloc != urlsplit(live_server.url).netloc

    yield open_one
    assert complaints == []
