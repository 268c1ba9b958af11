"""Two admins at one JSON column: whoever saves second is told which parts of it are others now, by their words."""

import json

import pytest

from accounts.tests.factories import AdminUserFactory
from crm.models import Lead
from loctelli.tests.console_cast import fill, page, signed_in
from loctelli.tests.test_console_meanwhile import Fields, errors_of, opened
from tenants.scope import system_scope

STATE = {"stage": "discovery", "budget": "10,000", "own_key": 1}


@pytest.fixture
def lead(cast):
    found = fill(cast).acme.lead
    with system_scope("test"):
        Lead.objects.filter(pk=found.pk).update(conversation_state=STATE)
    return found


@pytest.fixture
def both(cast):
    with system_scope("test"):
        ben = AdminUserFactory(name="Ben", role="super_admin")
    return signed_in(ben), signed_in(cast.ada)


def with_state(data, **changes):
    return {**data, "conversation_state": json.dumps({**STATE, **changes})}


def test_the_parts_that_changed_are_named_as_people_know_them(lead, both):
    (first, second), address = both, page("crm.lead", "change", lead.pk)
    theirs, mine = opened(first, address), opened(second, address)
    first.post(address, with_state(theirs, budget="20,000", own_key=2))

    answer = second.post(address, with_state(mine, timeline="This month"))

    told = errors_of(answer)["conversation_state"][0]
    assert "Ben changed “Conversation state: Budget, own_key” (" in told
    assert "Here stands what you typed: save again to have it so." in told
    with system_scope("test"):
        assert Lead.objects.get(pk=lead.pk).conversation_state["budget"] == "20,000"


def test_who_left_the_column_alone_gets_the_new_one_shown_and_keeps_it_by_saving_again(lead, both):
    (first, second), address = both, page("crm.lead", "change", lead.pk)
    theirs, mine = opened(first, address), opened(second, address)
    first.post(address, with_state(theirs, budget="20,000"))

    answer = second.post(address, {**mine, "company": "Reed & Sons"})
    again = second.post(address, Fields(answer.content.decode()).data)

    assert "Ben changed “Conversation state: Budget”" in errors_of(answer)["__all__"][1]
    assert again.status_code == 302
    with system_scope("test"):
        stored = Lead.objects.get(pk=lead.pk)
    assert (stored.company, stored.conversation_state["budget"]) == ("Reed & Sons", "20,000")


def test_what_was_nothing_and_a_page_that_showed_no_json_are_told_without_parts(lead, both):
    (first, second), address = both, page("crm.lead", "change", lead.pk)
    theirs, mine = opened(first, address), opened(second, address)
    first.post(address, {**theirs, "conversation_state": "null"})

    emptied = second.post(address, with_state(mine, budget="1"))
    broken = second.post(address, {**mine, "initial-conversation_state": "{"})

    for answer in (emptied, broken):
        assert "Ben changed “Conversation state” to “–” (" in str(errors_of(answer))
