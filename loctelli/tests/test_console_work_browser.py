"""An admin's errands in a real browser: invite people, help one who is locked out, close a client, move a strategy."""

import json
import zipfile

import pytest

from agents.models import Strategy
from crm.models import Lead
from crm.tests.factories import LeadFactory
from loctelli.offboarding import closing
from loctelli.tests.browsing import IN_A_BROWSER, ask, beside, give_password, picture
from loctelli.tests.console_cast import fill
from security.models import AccountLockout
from tenants import background
from tenants.models import BackgroundAction, SubAccount, SubAccountInvitation

pytestmark = IN_A_BROWSER


@pytest.fixture
def rows(live_server, transactional_db, cast, settings):
    settings.FRONTEND_INVITATION_URL = "https://app.example.com/join?code={code}"
    return fill(cast)


@pytest.fixture
def page(browser, live_server, cast):
    """A browser's page, signed in as Ada."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page.goto(f"{live_server.url}/console/")
    give_password(page, cast.ada)
    page.wait_for_selector("#content, #main")
    return page


def test_people_are_invited_with_a_code_a_link_and_a_qr_code(live_server, cast, page, complaints):
    page.goto(f"{live_server.url}/console/tenants/subaccount/{cast.acme.pk}/change/")
    picture(page, "sub-account")
    page.click("text=Invite people")
    page.fill("input[name=max_uses]", "5")
    page.click("button[name=_save], input[name=_save]")
    page.wait_for_selector("#qr-code svg")
    picture(page, "invitation")
    code, link = page.inner_text("#code"), page.inner_text("#link")

    made = ask(lambda: SubAccountInvitation.objects.order_by("-created_at").first())

    assert link == f"https://app.example.com/join?code={code}"
    assert len(code) == 8
    assert (made.sub_account_id, made.max_uses) == (cast.acme.pk, 5)
    assert complaints == []


def test_somebody_who_is_locked_out_is_found_and_let_in_again(live_server, cast, page, complaints):
    ask(
        lambda: AccountLockout.objects.create(
            email=cast.alice.email, account_type="user", failed_attempts=7, locked_until="2999-01-01T00:00Z"
        )
    )

    page.goto(f"{live_server.url}/console/accounts/user/?q=alice")
    page.click("#result_list a:has-text('Alice')")
    page.wait_for_selector("text=Locked until 2999-01-01 00:00 UTC after 7 failed tries")
    picture(page, "locked-out")
    page.click("a:has-text('Unlock')")
    picture(page, "unlock")
    page.click("button:has-text('Unlock')")
    page.wait_for_selector("text=1 account unlocked.")

    assert "Nothing stands in the way." in page.inner_text("#content, #main")
    assert ask(lambda: AccountLockout.objects.get(email=cast.alice.email).locked_until) is None
    assert complaints == []


def test_a_client_that_leaves_is_closed_and_its_archive_downloaded(live_server, cast, page, complaints, tmp_path):
    page.goto(f"{live_server.url}/console/tenants/subaccount/{cast.acme.pk}/change/")
    page.click("a:has-text('Close this sub-account')")
    page.wait_for_selector("text=Archived, then removed")
    picture(page, "close")
    page.fill("input[name=name]", "Acme")
    page.click("button:has-text('Close Acme')")
    page.wait_for_selector("text=Nothing is removed yet.")
    picture(page, "closing")
    beside(closing.close, page.url.rstrip("/").split("/")[-2])
    page.wait_for_selector("text=Download the archive")
    picture(page, "closed")
    with page.expect_download() as download:
        page.click("text=Download the archive")
    download.value.save_as(tmp_path / "acme.zip")

    with zipfile.ZipFile(tmp_path / "acme.zip") as archive:
        leads = [json.loads(line)["name"] for line in archive.read("leads.jsonl").splitlines()]
    assert leads == ["Lead of Acme"]
    assert not ask(lambda: SubAccount.objects.filter(pk=cast.acme.pk).exists())
    assert complaints == []


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
    page.keyboard.type("mall")
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
