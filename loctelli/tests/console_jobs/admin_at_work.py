"""A platform admin at work: clicks and types what the page says, and takes notice when something doesn't fit."""

from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page

from accounts.tests.factories import PASSWORD
from loctelli.tests.browsing import PICTURES

ADMIN = "admin@loctelli.com"
# What is wider than its place, and so cut off or to be scrolled sideways.
CUT_OFF = """() => [...document.querySelectorAll("*")]
    .filter((element) => element === document.documentElement
        || (["auto", "scroll"].includes(getComputedStyle(element).overflowX) && element.checkVisibility()))
    .filter((element) => element.scrollWidth > element.clientWidth + 1)
    .map((element) => `${element.tagName} ${element.id} ${element.className}: ${element.scrollWidth}`)"""


class AdminAtWork:
    """What an admin does with the console. Things are found by the words that stand on them."""

    def __init__(self, page: Page, url: str, *, takes_pictures: bool) -> None:
        self.page, self.url, self.takes_pictures = page, url, takes_pictures
        self.is_on_phone = page.viewport_size["width"] < 1024

    def sign_in(self) -> None:
        self.page.goto(f"{self.url}/console/")
        self.type("Email", ADMIN)
        self.type("Password", PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        self.sees("Newest leads")

    def open(self, name: str) -> None:
        """Open a list from the menu, which a telephone has no room to show all the time."""
        if self.is_on_phone:
            self.page.get_by_role("button", name="Menu").click()
        with self.page.expect_navigation():
            self.page.locator("#nav-sidebar").get_by_role("link", name=name, exact=True).click()

    def search(self, words: str) -> list[str]:
        """Search the list that is open; return the names that were found."""
        self.page.fill("#searchbar", words)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        return self.page.locator("#result_list tbody th").all_inner_texts()

    def follow(self, words: str) -> None:
        """Go where a link on the page leads."""
        with self.page.expect_navigation():
            self.page.locator("#content, #main").get_by_role("link", name=words, exact=True).first.click()

    def press(self, words: str) -> None:
        """Press a button that the page's top offers, on a telephone behind three dots."""
        link = self.page.get_by_role("link", name=words, exact=True).first
        if not link.is_visible():
            self.page.get_by_role("link", name="More", exact=True).click()
        with self.page.expect_navigation():
            link.click()

    def add(self, kind: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=f"Add {kind}", exact=True).first.click()

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True).or_(self.page.get_by_label(f"{label}*", exact=True)).first

    def type(self, label: str, text: str) -> None:
        self.field(label).fill(text)

    def choose(self, name: str, typed: str, option: str) -> None:
        """Choose a row by typing a part of its name."""
        self.page.click(f"[aria-labelledby=select2-id_{name}-container]")
        self.page.locator(".select2-container--open .select2-search__field").press_sequentially(typed)
        self.page.locator(".select2-results__option--highlighted", has_text=option).click()

    def chosen(self, name: str) -> str:
        return self.page.inner_text(f"#select2-id_{name}-container").replace("×", "").strip()

    def save(self) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Save", exact=True).click()

    def sees(self, words: str) -> None:
        self.page.get_by_text(words).filter(visible=True).first.wait_for()

    def still_to_do(self) -> list[str]:
        """Return what the page of a sub-account says is left to set up."""
        return [
            text.removeprefix("add_circle").strip() for text in self.page.locator(".console-setup a").all_inner_texts()
        ]

    def looks_right(self, picture: str | None = None) -> None:
        """See that everything fits, and take a picture of it for the README."""
        self.page.wait_for_load_state("networkidle")
        assert self.page.evaluate(CUT_OFF) == []
        if PICTURES and picture and self.takes_pictures:
            taken = Image.open(BytesIO(self.page.screenshot()))
            # As many colours as a palette holds are enough, and a third of the size.
            taken.quantize(256, dither=Image.Dither.NONE).save(Path(PICTURES) / f"console-{picture}.png", optimize=True)
