"""An authenticator app that is set up while its admin signs in by the password alone: no such session outlives it."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

import pytest
from django.contrib.auth.signals import user_logged_in
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import second_factors
from accounts.tests.authenticator import code_of
from accounts.tests.factories import PASSWORD, AdminUserFactory
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db(transaction=True)

LOGIN, INDEX, APP = (reverse(f"console:{name}") for name in ("login", "index", "second_factor"))


@pytest.fixture(autouse=True)
def _patient(settings):
    settings.LOGIN_THROTTLE = settings.SECOND_FACTOR_THROTTLE = "100000/60"


def give_password(admin) -> Client:
    client = Client()
    assert client.post(LOGIN, {"username": admin.email, "password": PASSWORD}).status_code == 302
    return client


def opens(client: Client) -> set[str]:
    """Return what a browser is led to by the index and by the page that could do away with the app."""
    return {client.get(url).headers.get("Location", "").partition("?")[0] for url in (INDEX, APP)}


def test_an_app_that_is_set_up_just_before_the_session_is_written_ends_it(cast):
    """The moment that matters, made to last: whether to ask for a code is decided, and nothing is written yet."""
    secret = second_factors.begin_enrolment(cast.ada)

    def enrol_elsewhere(**_) -> None:
        def work() -> None:
            try:
                second_factors.confirm_enrolment(cast.ada, code_of(secret))
            finally:
                connection.close()

        other = Thread(target=work)
        other.start()
        other.join()

    user_logged_in.connect(enrol_elsewhere)
    try:
        client = give_password(cast.ada)
    finally:
        user_logged_in.disconnect(enrol_elsewhere)

    with system_scope("test"):
        assert second_factors.has_second_factor(cast.ada)
    assert opens(client) == {LOGIN}


def test_of_sign_ins_and_an_enrolment_at_once_no_session_without_a_code_is_left(cast):
    for _ in range(8):
        with system_scope("test"):
            admin = AdminUserFactory()
        secret = second_factors.begin_enrolment(admin)
        barrier = Barrier(4)

        def sign_in(delay: float, admin=admin, barrier=barrier) -> Client:
            barrier.wait()
            time.sleep(delay)
            try:
                return give_password(admin)
            finally:
                connection.close()

        def enrol(admin=admin, secret=secret, barrier=barrier) -> None:
            barrier.wait()
            # About when the password has been compared.
            time.sleep(0.06)
            try:
                second_factors.confirm_enrolment(admin, code_of(secret))
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            enrolled = pool.submit(enrol)
            clients = [signing_in.result() for signing_in in [pool.submit(sign_in, d) for d in (0, 0.02, 0.05)]]
            enrolled.result()

        assert [opens(client) for client in clients] == [{LOGIN}] * 3


def test_an_app_that_is_forgotten_ends_what_was_opened_with_it(cast, clock):
    secret = second_factors.begin_enrolment(cast.ada)
    second_factors.confirm_enrolment(cast.ada, code_of(secret))
    clock.shift(120)
    client = give_password(cast.ada)
    client.post(reverse("console:login_code"), {"code": code_of(secret)})
    before = client.get(INDEX).status_code

    with system_scope("test"):
        second_factors.remove_second_factor(cast.ada)

    assert before == 200
    assert opens(client) == {LOGIN}
