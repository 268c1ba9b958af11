"""The people of a sub-account over the API: changed and deleted by its admins."""

import pytest

from accounts.choices import UserRole
from accounts.models import User
from accounts.tests.factories import UserFactory
from tenants.scope import system_scope

USERS = "/api/v1/users/"


@pytest.fixture
def bob(cast) -> User:
    with system_scope("test"):
        return UserFactory(name="Bob", email="bob@acme.example", sub_account=cast.acme)


def errors_of(answer) -> list[tuple[str, str]]:
    return [(error["path"], error["code"]) for error in answer.json()["errors"]]


def test_no_answer_holds_a_password(cast, bob, as_alice):
    answers = [
        as_alice.get(USERS),
        as_alice.get(f"{USERS}{bob.pk}/"),
        as_alice.patch(f"{USERS}{bob.pk}/", {"name": "B"}),
    ]

    for answer in answers:
        assert b"argon2" not in answer.content
        assert b'"password"' not in answer.content


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"password": "four quiet harbour lamps"}, ("password", "unknown_field")),
        ({"email": "another@acme.example"}, ("email", "read_only")),
        ({"email": "mallory@globex.example"}, ("email", "read_only")),
        ({"role": "system"}, ("role", "invalid_choice")),
        ({"role": "super_admin"}, ("role", "invalid_choice")),
        ({"timezone": "Europe/Nowhere"}, ("timezone", "invalid_timezone")),
        ({"timezone": "../../etc/passwd"}, ("timezone", "invalid_timezone")),
        ({"booking_enabled": 2}, ("booking_enabled", "invalid_choice")),
        ({"booking_enabled": True}, ("booking_enabled", "invalid_choice")),
        ({"sub_account_id": 1}, ("sub_account_id", "read_only")),
        ({"created_by_admin_id": 1}, ("created_by_admin_id", "unknown_field")),
    ],
)
def test_what_a_person_can_not_be(fields, error, as_alice, bob):
    answer = as_alice.patch(f"{USERS}{bob.pk}/", fields)

    assert answer.status_code == 400
    assert errors_of(answer) == [error]


def test_availability_is_taken_in_both_shapes(as_alice, bob):
    for shape in ({"monday": [["09:00", "17:00"]]}, [{"date": "2027-01-15", "slots": ["10:00"]}], None):
        answer = as_alice.patch(f"{USERS}{bob.pk}/", {"bookings_time": shape})

        assert answer.json()["bookings_time"] == shape


def test_people_who_are_no_admin_only_read(cast, bob, sign_in):
    for role in (UserRole.USER, UserRole.MANAGER):
        with system_scope("test"):
            User.objects.filter(pk=bob.pk).update(role=role)
        as_bob = sign_in(bob)

        assert as_bob.get(USERS).status_code == 200
        refused = [
            as_bob.post(f"{USERS}invite/", {"name": "Carol", "email": "carol@acme.example"}),
            as_bob.patch(f"{USERS}{bob.pk}/", {"role": "admin"}),
            as_bob.delete(f"{USERS}{cast.alice.pk}/"),
            as_bob.post(f"{USERS}{bob.pk}/reassign/", {"user_id": cast.alice.pk}),
        ]
        assert [answer.status_code for answer in refused] == [403] * 4


def test_things_are_reassigned_to_another_person_of_the_same_business(as_alice, cast, bob):
    addresses = f"{USERS}{bob.pk}/reassign/"

    same = as_alice.post(addresses, {"user_id": bob.pk})
    foreign, missing = (as_alice.post(addresses, {"user_id": pk}) for pk in (cast.mallory.pk, 10**9))

    assert (same.status_code, same.json()["code"]) == (409, "same_owner")
    assert foreign.status_code == missing.status_code == 400
    assert foreign.json() == missing.json()
    assert errors_of(foreign) == [("user_id", "does_not_exist")]


def test_nobody_deletes_themself(as_alice, cast):
    answer = as_alice.delete(f"{USERS}{cast.alice.pk}/?cascade=true")

    assert (answer.status_code, answer.json()["code"]) == (409, "own_account")


def test_people_are_found_filtered_and_ordered(as_alice, cast, bob):
    with system_scope("test"):
        UserFactory(name="Zoe", company="Bobsleds", sub_account=cast.acme, is_active=False)

    def names(query: str) -> list[str]:
        return [user["name"] for user in as_alice.get(f"{USERS}?{query}").json()["results"]]

    assert names("ordering=name") == ["Alice", "Bob", "Zoe"]
    assert names("ordering=-name&is_active=true") == ["Bob", "Alice"]
    assert names("search=BOB&ordering=name") == ["Bob", "Zoe"]
    assert names("search=bob+acme.example") == ["Bob"]
    assert names("role=admin") == ["Alice"]


def test_a_person_is_shown_with_the_strategies_asked_for(as_alice, cast):
    answer = as_alice.get(f"{USERS}{cast.alice.pk}/?fields=id,name,sub_account.name,strategies.name")

    assert answer.json() == {
        "id": cast.alice.pk,
        "name": "Alice",
        "sub_account": {"name": "Acme"},
        "strategies": [{"name": cast.acme_strategy.name}],
    }
