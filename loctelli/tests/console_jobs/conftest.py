"""The demo businesses, and an admin who signs in to the console for the first time."""

import pytest

from accounts.tests.factories import PASSWORD
from loctelli.management.seeds.seeding import seed
from loctelli.tests.browsing import ask
from loctelli.tests.console_jobs.admin_at_work import ADMIN, AdminAtWork
from tenants.models import SubAccount

# Widths, and by day or by night.
PLACES = {"desk": (1280, "light"), "phone": (390, "dark")}


@pytest.fixture
def rows(live_server, transactional_db, settings) -> None:
    """What `make run` begins with."""
    settings.FRONTEND_INVITATION_URL = "https://app.example.com/join?code={code}"
    seed(email=ADMIN, password=PASSWORD, may_generate=False, with_demo=True, demo_password=PASSWORD)


@pytest.fixture
def client_business(rows) -> SubAccount:
    """A client that has been made a moment ago, and has nothing yet."""

    def make() -> SubAccount:
        return SubAccount.objects.create(
            name="Brightwater Physio", created_by_admin_id=SubAccount.objects.first().created_by_admin_id
        )

    return ask(make)


@pytest.fixture(params=PLACES)
def page(browser, request):
    width, scheme = PLACES[request.param]
    return browser.new_page(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        timezone_id="Europe/London",
        accept_downloads=True,
        reduced_motion="reduce",
    )


@pytest.fixture
def admin(page, live_server, complaints) -> AdminAtWork:
    """The admin, signed in; whatever the browser complains of on the way fails the test."""
    at_work = AdminAtWork(page, live_server.url, takes_pictures=page.viewport_size["width"] == PLACES["desk"][0])
    at_work.sign_in()
    yield at_work
    assert complaints == []
