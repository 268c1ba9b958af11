"""Somebody rings up: they can't log in. The console says why, and lets them in."""

from loctelli.tests.browsing import IN_A_BROWSER

pytestmark = IN_A_BROWSER

BEN = "ben.whitaker@example.com"


def test_why_a_user_cannot_log_in_is_seen_and_mended(admin):
    def tries(password):
        answer = admin.page.request.post(f"{admin.url}/api/v1/auth/login/", data={"email": BEN, "password": password})
        return answer.status

    refused = [tries("is it this one?") for _ in range(5)]
    admin.open("Users")
    found = admin.search("ben whit")
    admin.follow("Ben Whitaker")
    admin.sees("after 5 failed tries")
    admin.looks_right("locked-out")
    admin.follow("Attempts to sign in")
    attempts = admin.page.locator("#result_list tbody tr").count()
    admin.page.go_back()
    admin.press("Unlock")
    admin.page.get_by_role("button", name="Unlock", exact=True).click()
    admin.sees("1 account unlocked.")
    admin.sees("Nothing stands in the way.")

    assert refused == [401] * 5
    assert found == ["Ben Whitaker"]
    assert attempts == 5
    assert tries("correct horse battery staple") == 200
