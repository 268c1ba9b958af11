"""Sessions of the console: how they begin, and all the ways they end."""

from datetime import timedelta
from hashlib import sha256

import pytest
from django.test import Client

from accounts.password_changes import change_password
from accounts.tests.factories import AdminUserFactory
from loctelli.tests.console_cast import page, signed_in, text
from loctelli.tests.console_sign_in import LOGIN, give_password, is_inside
from security.models import ConsoleSession
from tenants.scope import system_scope


def test_the_sessions_key_changes_with_signing_in_and_is_stored_as_a_hash(ada):
    client = Client()
    client.get(LOGIN)
    session = client.session
    session["seen"] = True
    session.save()
    client.cookies["loctelli_session"] = session.session_key
    before = session.session_key

    give_password(client, ada)

    after = client.cookies["loctelli_session"].value
    assert after != before
    with system_scope("test"):
        keys = list(ConsoleSession.objects.values_list("session_key", flat=True))
    assert keys == [sha256(after.encode()).hexdigest()]


def test_a_session_ends_when_it_is_not_used(ada, clock):
    client = signed_in(ada)
    used = []
    for _ in range(3):
        clock.shift(timedelta(minutes=29))
        used.append(is_inside(client))
    clock.shift(timedelta(minutes=31))

    assert used == [True, True, True]
    assert not is_inside(client)


def test_a_session_ends_in_the_end_however_much_it_is_used(ada, clock):
    client = signed_in(ada)
    inside = []
    for _ in range(25):
        clock.shift(timedelta(minutes=29))
        client.post(page("crm.lead", "changelist"), {"action": "none"})  # which writes a message into the session
        inside.append(is_inside(client))

    assert inside == [True] * 24 + [False]


@pytest.mark.parametrize("change", ["deactivated", "other password", "deleted"])
def test_a_session_ends_with_what_it_stands_on(change, ada):
    with system_scope("test"):
        bo = AdminUserFactory()
    client = signed_in(bo)
    before = is_inside(client)

    if change == "other password":
        change_password(bo, "a staple of nine batteries")
    with system_scope("test"):
        if change == "deactivated":
            bo.is_active = False
            bo.save()
        if change == "deleted":
            bo.delete()

    assert (before, is_inside(client)) == (True, False)


def test_sessions_are_listed_with_whose_and_where_and_ended(ada):
    with system_scope("test"):
        bo = AdminUserFactory(name="Bo Ek")
    theirs = Client(HTTP_USER_AGENT="Netscape 4", REMOTE_ADDR="198.51.100.9")
    give_password(theirs, bo)
    mine = signed_in(ada)
    url = page("security.consolesession", "changelist")

    listed = text(mine.get(url))
    with system_scope("test"):
        row = ConsoleSession.objects.get(admin=bo)
    mine.post(url, {"action": "end_sessions", "_selected_action": [row.pk]})

    assert [word for word in ("Bo Ek", "Netscape 4", "198.51.100.9") if word not in listed] == []
    assert (is_inside(theirs), is_inside(mine)) == (False, True)
