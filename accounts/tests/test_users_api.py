"""The people of a sub-account over the API: made, changed, reassigned and deleted by its admins."""

import pytest

from accounts.choices import UserRole
from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from agents.models import Strategy
from agents.tests.factories import StrategyFactory
from crm.models import Booking, Lead
from crm.tests.factories import BookingFactory, ContactSubmissionFactory, LeadFactory
from loctelli.tests.cast import client_of
from tenants.scope import system_scope

USERS = "/api/v1/users/"


@pytest.fixture
def bob(cast) -> User:
    with system_scope("test"):
        return UserFactory(name="Bob", email="bob@acme.example", sub_account=cast.acme)


@pytest.fixture
def owned(cast, bob) -> dict:
    """What is Bob's: a strategy with a lead, and a booking."""
    with system_scope("test"):
        strategy = StrategyFactory(regular_user=bob, prompt_template=cast.template)
        lead = LeadFactory(strategy=strategy)
        return {"strategy": strategy, "lead": lead, "booking": BookingFactory(lead=lead)}


def newcomer(**fields) -> dict:
    return {"name": "Carol", "email": "Carol@Acme.example ", "password": PASSWORD, **fields}


def errors_of(answer) -> list[tuple[str, str]]:
    return [(error["path"], error["code"]) for error in answer.json()["errors"]]


def test_an_admin_makes_a_person_who_can_sign_in(cast, as_alice, client):
    answer = as_alice.post(USERS, newcomer(role="manager"))

    assert answer.status_code == 201, answer.content
    assert {name: answer.json()[name] for name in ("email", "role", "is_active", "timezone", "sub_account_id")} == {
        "email": "carol@acme.example",
        "role": "manager",
        "is_active": True,
        "timezone": "America/New_York",
        "sub_account_id": cast.acme.pk,
    }
    with system_scope("test"):
        carol = User.objects.get(pk=answer.json()["id"])
    assert carol.created_by_admin_id == cast.ada.pk
    assert carol.password.startswith("argon2$")
    signed_in = client.post(
        "/api/v1/auth/login/", {"email": "carol@acme.example", "password": PASSWORD}, content_type="application/json"
    )
    assert signed_in.json()["user"]["id"] == carol.pk


def test_no_answer_holds_a_password(cast, bob, as_alice):
    answers = [as_alice.post(USERS, newcomer()), as_alice.get(USERS), as_alice.get(f"{USERS}{bob.pk}/")]

    for answer in answers:
        assert b"argon2" not in answer.content
        assert b'"password"' not in answer.content


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"password": "short"}, ("password", "password_too_short")),
        ({"password": "password123"}, ("password", "password_too_common")),
        ({"password": "Carol@Acme.example"}, ("password", "password_too_similar")),
        ({"email": "ALICE@acme.example"}, ("email", "unique")),
        ({"email": "mallory@globex.example"}, ("email", "unique")),
        ({"email": "nonsense"}, ("email", "invalid")),
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
def test_what_a_person_can_not_be(fields, error, as_alice):
    answer = as_alice.post(USERS, newcomer(**fields))

    assert answer.status_code == 400
    assert errors_of(answer) == [error]


def test_availability_is_taken_in_both_shapes(as_alice, bob):
    for shape in ({"monday": [["09:00", "17:00"]]}, [{"date": "2027-01-15", "slots": ["10:00"]}], None):
        answer = as_alice.patch(f"{USERS}{bob.pk}/", {"bookings_time": shape})

        assert answer.json()["bookings_time"] == shape


def test_a_password_is_set_on_creation_only(as_alice, bob):
    answer = as_alice.patch(f"{USERS}{bob.pk}/", {"password": PASSWORD})

    assert errors_of(answer) == [("password", "read_only")]


def test_people_who_are_no_admin_read_and_write_nothing(cast, bob):
    for role in (UserRole.USER, UserRole.MANAGER):
        with system_scope("test"):
            User.objects.filter(pk=bob.pk).update(role=role)
        as_bob = client_of(bob)

        assert as_bob.get(USERS).status_code == 200
        refused = [
            as_bob.post(USERS, newcomer()),
            as_bob.patch(f"{USERS}{bob.pk}/", {"role": "admin"}),
            as_bob.delete(f"{USERS}{cast.alice.pk}/"),
            as_bob.post(f"{USERS}{bob.pk}/reassign/", {"user_id": cast.alice.pk}),
        ]
        assert [answer.status_code for answer in refused] == [403] * 4


def test_a_person_with_belongings_is_not_deleted_and_the_answer_counts_them(as_alice, bob, owned):
    answer = as_alice.delete(f"{USERS}{bob.pk}/")

    assert answer.status_code == 409
    assert answer.json()["code"] == "still_referenced"
    assert answer.json()["errors"] == [
        {"path": "strategies", "code": "still_referenced", "detail": "1 strategies"},
        {"path": "bookings", "code": "still_referenced", "detail": "1 bookings"},
        {"path": "leads", "code": "still_referenced", "detail": "1 leads"},
    ]
    assert as_alice.get(f"{USERS}{bob.pk}/").status_code == 200


def test_a_person_is_deleted_with_all_belongings_when_that_is_said(as_alice, cast, bob, owned):
    with system_scope("test"):
        contact = ContactSubmissionFactory(sub_account=cast.acme, assigned_to=bob)

    assert as_alice.delete(f"{USERS}{bob.pk}/?cascade=false").status_code == 409
    assert as_alice.delete(f"{USERS}{bob.pk}/?cascade=maybe").status_code == 400
    assert as_alice.delete(f"{USERS}{bob.pk}/?cascade=true").status_code == 204

    with system_scope("test"):
        assert [model.objects.filter(sub_account=cast.acme).count() for model in (Lead, Booking)] == [0, 0]
        assert Strategy.objects.filter(sub_account=cast.acme).get() == cast.acme_strategy
        contact.refresh_from_db()
    assert (contact.assigned_to_id, contact.sub_account_id) == (None, cast.acme.pk)


def test_after_reassigning_everything_a_person_can_go(as_alice, cast, bob, owned):
    answer = as_alice.post(f"{USERS}{bob.pk}/reassign/", {"user_id": cast.alice.pk})

    assert answer.json() == {"reassigned": {"strategies": 1, "bookings": 1, "leads": 1}}
    assert as_alice.delete(f"{USERS}{bob.pk}/").status_code == 204
    with system_scope("test"):
        for row in owned.values():
            row.refresh_from_db()
            assert row.regular_user_id == cast.alice.pk


def test_things_are_reassigned_to_another_person_of_the_same_business(as_alice, cast, bob, owned):
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
