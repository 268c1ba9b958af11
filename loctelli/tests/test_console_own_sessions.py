"""An admin sees where they are signed in to the console, and ends it."""

from django.test import Client
from django.urls import reverse

from accounts.tests.factories import PASSWORD
from loctelli.tests.console_cast import limited_admin, signed_in, text
from loctelli.tests.console_sign_in import is_inside
from security.models import ConsoleSession
from tenants.scope import system_scope

SESSIONS, LOGIN, INDEX = (reverse(f"console:{name}") for name in ("own_sessions", "login", "index"))


def sign_in(admin, browser: str) -> Client:
    client = Client(HTTP_USER_AGENT=browser)
    client.post(LOGIN, {"username": admin.email, "password": PASSWORD})
    return client


def key_of(admin, browser: str) -> str:
    with system_scope("test"):
        return ConsoleSession.objects.get(admin=admin, user_agent=browser).pk


def test_an_admin_sees_their_own_sessions_alone_whatever_their_rights(ada):
    other = limited_admin()
    sign_in(ada, "Ada's Firefox")
    sign_in(other, "a desk at work")
    here = sign_in(other, "a phone")

    shown = text(here.get(SESSIONS))

    assert "a desk at work" in shown
    assert "a phone 127.0.0.1" in shown
    assert shown.count("This session") == 1
    assert "Firefox" not in shown
    assert SESSIONS in here.get(INDEX).content.decode()


def test_one_session_or_all_others_are_ended(ada):
    desk, phone, tablet, here = (sign_in(ada, name) for name in ("desk", "phone", "tablet", "here"))

    here.post(SESSIONS, {"end": key_of(ada, "desk")})
    after_one = [is_inside(client) for client in (desk, phone, tablet, here)]
    said = text(here.post(SESSIONS, {"end": "others"}, follow=True))

    assert after_one == [False, True, True, True]
    assert "2 sessions ended." in said
    assert [is_inside(client) for client in (phone, tablet, here)] == [False, False, True]


def test_nobody_ends_another_s_session_there_nor_the_one_they_are_in(ada):
    other = limited_admin()
    theirs, here = sign_in(ada, "Ada's"), sign_in(other, "here")

    for key in (key_of(ada, "Ada's"), key_of(other, "here"), "", "nonsense"):
        here.post(SESSIONS, {"end": key})

    assert (is_inside(theirs), is_inside(here)) == (True, True)


def test_nobody_who_is_not_signed_in_sees_any(ada):
    signed_in(ada)

    assert Client().get(SESSIONS).status_code == 302
