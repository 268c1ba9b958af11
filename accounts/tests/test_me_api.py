"""One's own account and one's own business over the API."""

import pytest

from accounts.choices import UserRole
from accounts.tests.factories import UserFactory
from tenants.scope import system_scope

ME, SUB_ACCOUNT = "/api/v1/me/", "/api/v1/sub-account/"


@pytest.fixture
def as_bob(cast, sign_in):
    with system_scope("test"):
        return sign_in(UserFactory(name="Bob", sub_account=cast.acme, role=UserRole.USER))


@pytest.fixture
def as_newcomer(cast, sign_in):
    with system_scope("test"):
        return sign_in(UserFactory(name="Nia", sub_account=cast.onboarding))


def test_everyone_reads_and_changes_their_own_profile(as_bob):
    changed = as_bob.patch(ME, {"name": "Bobby", "timezone": "Europe/Berlin", "company": None})

    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["timezone"]) == ("Bobby", "Europe/Berlin")
    assert as_bob.get(ME).json() == changed.json()


@pytest.mark.parametrize("field", ["email", "role", "is_active", "sub_account_id", "id", "last_login_at"])
def test_nobody_changes_what_others_decide_about_them(as_bob, field):
    before = as_bob.get(ME).json()

    answer = as_bob.patch(ME, {field: before[field]})

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"path": field, "code": "read_only", "detail": "This field can't be written."}]


def test_a_profile_is_not_deleted_and_not_listed(as_bob):
    assert [as_bob.delete(ME).status_code, as_bob.post(ME, {}).status_code] == [405, 405]


def test_people_in_onboarding_reach_their_profile_and_nothing_else(as_newcomer):
    assert as_newcomer.get(ME).json()["name"] == "Nia"
    assert as_newcomer.patch(ME, {"name": "Nya"}).status_code == 200
    for path in ("leads/", "users/", "sub-account/", "prompt-templates/"):
        answer = as_newcomer.get(f"/api/v1/{path}")

        assert (answer.status_code, answer.json()["code"]) == (403, "onboarding")


def test_everyone_sees_their_business_and_its_admins_change_it(cast, as_alice, as_bob):
    answer = as_alice.patch(SUB_ACCOUNT, {"description": "Roofs.", "settings": {"lead_statuses": ["quoted"]}})

    assert answer.status_code == 200
    assert as_bob.get(SUB_ACCOUNT).json() == answer.json()
    assert as_bob.patch(SUB_ACCOUNT, {"description": "x"}).status_code == 403


def test_a_business_includes_its_people_and_their_strategies(cast, as_alice):
    answer = as_alice.get(f"{SUB_ACCOUNT}?fields=name,users.name,users.strategies.name")

    assert answer.json() == {
        "name": "Acme",
        "users": [{"name": "Alice", "strategies": [{"name": cast.acme_strategy.name}]}],
    }
