"""An admin's larger work in a real browser: a strategy is moved, and many rows are changed while one watches."""

import pytest

from agents.models import Strategy
from crm.models import Lead
from crm.tests.factories import LeadFactory
from loctelli.tests.browsing import IN_A_BROWSER, ask, beside, give_password, picture
from loctelli.tests.console_cast import fill
from tenants import background
from tenants.models import BackgroundAction

pytestmark = IN_A_BROWSER


@pytest.fixture
def rows(live_server, transactional_db, cast):
    return fill(cast)


@pytest.fixture
def page(browser, live_server, cast):
    """A browser's page, signed in as Ada."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page.goto(f"{live_server.url}/console/")
    give_password(page, cast.ada)
    page.wait_for_selector("#content, #main")
    return page


def test_a_strategy_goes_out_as_a_file_and_comes_in_again(live_server, cast, page, complaints, tmp_path):
    page.goto(f"{live_server.url}/console/agents/strategy/")
    page.check(f"input[name=_selected_action][value='{cast.acme_strategy.pk}']")
    page.select_option("select[name=action]", "export_jsonl")
    with page.expect_download() as download:
        page.click("button[name=index]")
    download.value.save_as(tmp_path / "strategies.jsonl")

    page.goto(f"{live_server.url}/console/agents/strategy/")
    page.click("a:has-text('Import')")
    page.set_input_files("input[name=file]", tmp_path / "strategies.jsonl")
    page.click("[aria-labelledby=select2-id_person-container]")
    page.locator(".select2-container--open .select2-search__field").press_sequentially("mall")
    page.click("text=Mallory · Globex")
    page.click("button:has-text('Look at it')")
    page.wait_for_selector("text=This will be made, inactive")
    picture(page, "import")
    page.click("button:has-text('Make them')")
    page.wait_for_selector("text=1 was made, inactive.")

    made = ask(lambda: Strategy.objects.order_by("-pk").first())
    assert (made.name, made.sub_account_id, made.is_active) == (cast.acme_strategy.name, cast.globex.pk, False)
    assert complaints == []


def test_many_are_changed_while_one_watches_and_everything_is_reached_by_keyboard(
    live_server, cast, page, complaints, monkeypatch
):
    monkeypatch.setattr(background, "IN_ONE_REQUEST", 10)
    ask(lambda: LeadFactory.create_batch(60, strategy=cast.acme_strategy, status="lead"))

    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_server.url}/console/crm/lead/")
    page.locator("#action-toggle, input.action-select").first.check()
    page.locator(".question a").click()
    page.select_option("select[name=action]", "change_status")
    picture(page, "phone-select-all")
    page.focus("button[name=index]")
    page.keyboard.press("Enter")
    page.wait_for_selector("select[name=with-status]")
    picture(page, "phone-change-status")
    page.select_option("select[name=with-status]", "qualified")
    page.focus("button:has-text('Change status')")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=It waits for the worker.")
    picture(page, "phone-progress")
    width = page.evaluate("document.documentElement.scrollWidth")
    beside(background.run, ask(lambda: BackgroundAction.objects.order_by("-created_at").first().pk))
    page.wait_for_selector("text=All 62 rows are done; 62 were changed.")
    picture(page, "phone-done")

    assert width <= 390
    assert ask(lambda: Lead.objects.exclude(status="qualified").count()) == 0
    assert complaints == []
