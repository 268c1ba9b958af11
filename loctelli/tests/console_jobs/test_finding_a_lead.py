"""One lead among very many. That a search costs the same among a million, the plans of its function say."""

import pytest

from loctelli.management.generating.sub_accounts import generate
from loctelli.tests.browsing import IN_A_BROWSER

pytestmark = IN_A_BROWSER

CROWD = 20_000


@pytest.fixture
def rows(rows):
    generate(1, size=CROWD, password=None)


def test_one_lead_among_many_is_found_by_a_part_of_its_name_or_phone_number(admin):
    admin.open("Leads")
    admin.sees("10,000+")
    by_name = admin.search("hollow grac")
    by_phone = admin.search("602 5550100")
    admin.looks_right("find")
    admin.follow("Grace Holloway")
    email = admin.field("Email").input_value()
    admin.follow("Conversation")
    admin.sees("Thanks for asking about solar")

    assert by_name == ["Grace Holloway"]
    assert by_phone == ["Grace Holloway"]
    assert email == "grace.holloway@example.com"
