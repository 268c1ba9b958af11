"""What people get to read when something fails outside of the console: a page of ours, which says what to do."""

import pytest

from loctelli.tests.console_cast import text
from loctelli.tests.error_pages import ERROR_PAGES
from loctelli.tests.test_console_words import bare_words

WAYS = {
    "an unreadable request": "Go back in your browser, and try it with less.",
    "a refusal": "ask a super admin",
    "a form of another session": "reload the page and send it again",
    "no such page": "Look whether the address has a slip in it.",
    "a fault of ours": "Try it again.",
    "an outage": "try again in a few seconds",
    "an outage while saving": "send it again: what you typed is still there",
    "a question that takes too long": "ask for less, or try again later",
    "somebody else's lock": "try again in a few seconds",
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ERROR_PAGES)
def test_it_says_what_to_do_and_leads_on(name):
    status, answer = ERROR_PAGES[name]
    found = answer()

    assert found.status_code == status
    assert WAYS[name] in text(found)
    assert '<a href="' in found.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ERROR_PAGES)
def test_it_can_be_translated(name, brackets):
    found = ERROR_PAGES[name][1]()

    assert bare_words(found.content.decode(), ["Loctelli"]) == set()
