"""Moving a user to another sub-account in the console: by the service that the rest uses, and signed out for good."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from loctelli.tests.console_cast import page, signed_in, text
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db

LABEL = "accounts.user"


@pytest.fixture
def ben(cast) -> User:
    with system_scope("test"):
        return UserFactory(name="Ben", sub_account=cast.acme)


def save(console: Client, user: User, **changes):
    names = ("name", "email", "role", "booking_enabled", "timezone")
    form = {"sub_account": user.sub_account_id, "is_active": "on", **{name: getattr(user, name) for name in names}}
    return console.post(page(LABEL, "change", user.pk), {**form, **changes})


def found(user: User) -> User:
    with system_scope("test"):
        return User.objects.get(pk=user.pk)


def sign_in(user: User) -> dict:
    body = {"email": user.email, "password": PASSWORD}
    return Client().post("/api/v1/auth/login/", body, content_type="application/json").json()


def outcomes(signed: dict) -> tuple[int, int]:
    """Return how the session's access token and its refresh token are answered."""
    headers = {"Authorization": f"Bearer {signed['access_token']}"}
    body = {"refresh_token": signed["refresh_token"]}
    renewed = Client().post("/api/v1/auth/refresh/", body, content_type="application/json")
    return Client().get("/api/v1/me/", headers=headers).status_code, renewed.status_code


def test_who_is_moved_is_signed_out_also_when_they_come_back(cast, ben):
    signed, console = sign_in(ben), signed_in(cast.ada)

    there = save(console, ben, sub_account=cast.globex.pk, name="Ben B.")
    moved = found(ben)
    back = save(console, moved, sub_account=cast.acme.pk)

    assert (there.status_code, back.status_code) == (302, 302)
    assert (moved.sub_account_id, moved.name) == (cast.globex.pk, "Ben B.")
    assert found(ben).sub_account_id == cast.acme.pk
    assert outcomes(signed) == (401, 401)


def test_who_is_not_moved_stays_signed_in(cast, ben):
    signed = sign_in(ben)

    save(signed_in(cast.ada), ben, name="Benjamin")

    assert outcomes(signed) == (200, 200)


def test_nobody_is_moved_away_from_what_is_theirs(cast):
    answer = save(signed_in(cast.ada), cast.alice, sub_account=cast.globex.pk, last_admin="on")

    assert "moved while these are theirs: 1 strateg" in text(answer)
    assert found(cast.alice).sub_account_id == cast.acme.pk
