"""A client leaves: everything of theirs goes into an archive, and then away."""

import json
import zipfile

from loctelli.offboarding import closing
from loctelli.tests.browsing import IN_A_BROWSER, ask, beside
from tenants.models import SubAccount

pytestmark = IN_A_BROWSER


def test_a_client_that_leaves_is_closed_and_its_archive_downloaded(admin, tmp_path):
    admin.open("Sub-accounts")
    admin.follow("Lantern Lane Dental")
    admin.press("Close this sub-account")
    admin.sees("Archived, then removed")
    admin.looks_right("closing")
    admin.page.get_by_role("textbox").last.fill("Lantern Lane Dental")
    admin.page.get_by_role("button", name="Close Lantern Lane Dental").click()
    admin.sees("Nothing is removed yet.")
    beside(closing.close, admin.page.url.rstrip("/").split("/")[-2])
    admin.sees("Download the archive")
    admin.looks_right()
    with admin.page.expect_download() as download:
        admin.page.get_by_text("Download the archive").click()
    download.value.save_as(tmp_path / "archive.zip")

    with zipfile.ZipFile(tmp_path / "archive.zip") as archive:
        leads = [json.loads(line)["name"] for line in archive.read("leads.jsonl").splitlines()]
    assert len(leads) == 26
    assert "Bethan Pryce" in leads
    assert not ask(lambda: SubAccount.objects.filter(name="Lantern Lane Dental").exists())
