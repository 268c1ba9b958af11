"""What the console's forms leave as it is: the system user and ONBOARDING."""

import pytest

from loctelli.tests.console_cast import page, text, the_one
from tenants.models import SubAccount


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "Else"}, "The system user can't be renamed."),
        ({"email": "else@loctelli.com"}, "The system user can't be renamed."),
        ({"role": "user"}, "The system user can't be given another role."),
        ({"is_active": ""}, "The system user can't be deactivated."),
        ({"sub_account": "acme"}, "The system user can't be moved."),
    ],
)
def test_the_system_user_stays_what_it_is(change, sentence, cast, console):
    form = {"sub_account": cast.onboarding.pk, "name": "System", "email": "user@loctelli.com", "role": "system"}
    form |= {"is_active": "on", "booking_enabled": 1, "timezone": "America/New_York"} | change
    if form["sub_account"] == "acme":
        form["sub_account"] = cast.acme.pk

    response = console.post(page("accounts.user", "change", cast.system.pk), form)

    assert sentence in text(response).replace("&#x27;", "'")


def test_nobody_else_becomes_the_system_user(cast, console):
    form = {"sub_account": cast.acme.pk, "name": "Alice", "email": "alice@acme.example", "role": "system"}
    form |= {"is_active": "on", "booking_enabled": 1, "timezone": "UTC"}

    response = console.post(page("accounts.user", "change", cast.alice.pk), form)

    assert "role" in response.context["adminform"].form.errors


def test_the_system_user_gets_no_password(cast, console):
    response = console.get(page("accounts.user", "password", cast.system.pk))

    assert response.status_code == 403
    assert "The system user never signs in." in text(response)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"name": "Else"}, "can't be renamed"), ({"is_active": ""}, "can't be deactivated")],
)
def test_onboarding_stays_what_it_is(change, sentence, cast, console):
    form = {"name": "ONBOARDING", "is_active": "on"} | change

    response = console.post(page("tenants.subaccount", "change", cast.onboarding.pk), form)

    assert sentence in text(response).replace("&#x27;", "'")
    assert (the_one(SubAccount, pk=1).name, the_one(SubAccount, pk=1).is_active) == ("ONBOARDING", True)
