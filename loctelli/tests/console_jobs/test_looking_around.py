"""The first look: what the first page says, and one client alone."""

from loctelli.tests.browsing import IN_A_BROWSER

pytestmark = IN_A_BROWSER


def test_the_first_page_says_how_things_are_and_one_client_is_looked_at_alone(admin):
    admin.sees("Bookings to come")
    admin.page.locator("text=New leads").first.wait_for()
    admin.looks_right("first-page")
    admin.page.locator(".console-switcher > button").click()
    admin.page.locator("#switcher-search").fill("copper")
    admin.page.locator("#switcher-choices button", has_text="Copperleaf Solar").click()
    admin.sees("Only Copperleaf Solar is shown")
    admin.open("Bookings")
    admin.looks_right("switcher")
    people = admin.page.inner_text("#result_list")
    admin.open("Leads")
    admin.search("Angela Pruitt")
    admin.follow("Angela Pruitt")
    admin.follow("Conversation")
    admin.sees("That you read this is kept")
    admin.looks_right("conversation")

    assert "Ben Whitaker" in people
    assert "Tom Okafor" not in people
