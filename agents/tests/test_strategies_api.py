"""Strategies over the API: written by managers, duplicated, found."""

import pytest

from accounts.choices import UserRole
from accounts.tests.factories import UserFactory
from agents.models import Strategy
from agents.tests.factories import StrategyFactory
from loctelli.tests.cast import client_of
from tenants.scope import system_scope

STRATEGIES = "/api/v1/strategies/"


@pytest.fixture
def strategy(cast) -> Strategy:
    with system_scope("test"):
        return StrategyFactory(
            name="Roofs", tag="warm", metadata={"a": 1}, regular_user=cast.alice, prompt_template=cast.template
        )


def new_strategy(cast, **fields) -> dict:
    texts = (
        "name",
        "ai_name",
        "ai_role",
        "conversation_tone",
        "qualification_questions",
        "objection_handling",
        "closing_strategy",
    )
    return {
        **{name: f"Some {name}." for name in texts},
        "regular_user_id": cast.alice.pk,
        "prompt_template_id": cast.template.pk,
        **fields,
    }


def errors_of(answer) -> list[tuple[str, str]]:
    return [(error["path"], error["code"]) for error in answer.json()["errors"]]


def test_a_strategy_is_made_read_changed_and_deleted(cast, as_alice):
    made = as_alice.post(STRATEGIES, new_strategy(cast, delay_min=5, delay_max=5))
    address = f"{STRATEGIES}{made.json()['id']}/"
    changed = as_alice.patch(address, {"tag": "cold", "metadata": {"b": [1, None]}})

    assert made.status_code == 201, made.content
    assert (made.json()["is_active"], made.json()["sub_account_id"]) == (True, cast.acme.pk)
    assert as_alice.get(address).json() == changed.json()
    assert {**made.json(), "tag": "cold", "metadata": {"b": [1, None]}, "updated_at": None} == {
        **changed.json(),
        "updated_at": None,
    }
    assert as_alice.delete(address).status_code == 204
    assert as_alice.get(address).status_code == 404


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"delay_min": 10, "delay_max": 9}, ("delay_max", "below_minimum")),
        ({"delay_min": -1}, ("delay_min", "min_value")),
        ({"delay_max": 86_401}, ("delay_max", "max_value")),
        ({"name": ""}, ("name", "blank")),
        ({"ai_role": None}, ("ai_role", "null")),
        ({"prompt_template_id": 10**9}, ("prompt_template_id", "does_not_exist")),
        ({"metadata": []}, ("metadata", "not_an_object")),
    ],
)
def test_what_a_strategy_can_not_be(fields, error, cast, as_alice):
    assert errors_of(as_alice.post(STRATEGIES, new_strategy(cast, **fields))) == [error]


def test_a_changed_bound_is_held_against_the_stored_one(cast, as_alice, strategy):
    address = f"{STRATEGIES}{strategy.pk}/"
    as_alice.patch(address, {"delay_min": 5, "delay_max": 10})

    assert errors_of(as_alice.patch(address, {"delay_max": 4})) == [("delay_max", "below_minimum")]
    assert as_alice.patch(address, {"delay_min": None, "delay_max": 4}).status_code == 200


def test_a_copy_has_everything_and_is_inactive(as_alice, strategy):
    copy = as_alice.post(f"{STRATEGIES}{strategy.pk}/duplicate/", {})

    original = as_alice.get(f"{STRATEGIES}{strategy.pk}/").json()
    different = {"id", "name", "is_active", "created_at", "updated_at"}
    assert copy.status_code == 201
    assert {name for name, value in original.items() if copy.json()[name] != value} == different
    assert (copy.json()["name"], copy.json()["is_active"]) == ("Roofs (copy)", False)


def test_a_copy_takes_a_name_and_a_person(cast, as_alice, strategy):
    with system_scope("test"):
        bob = UserFactory(sub_account=cast.acme)
    address = f"{STRATEGIES}{strategy.pk}/duplicate/"

    copy = as_alice.post(f"{address}?fields=name,regular_user_id", {"name": "Gutters", "regular_user_id": bob.pk})
    foreign = as_alice.post(address, {"regular_user_id": cast.mallory.pk})

    assert copy.json() == {"name": "Gutters", "regular_user_id": bob.pk}
    assert errors_of(foreign) == [("regular_user_id", "does_not_exist")]
    assert as_alice.get(f"{STRATEGIES}?count=true").json()["count"] == 3


def test_a_copy_of_the_longest_name_is_made(as_alice, strategy):
    as_alice.patch(f"{STRATEGIES}{strategy.pk}/", {"name": "x" * 255})

    copy = as_alice.post(f"{STRATEGIES}{strategy.pk}/duplicate/", {}).json()

    assert (len(copy["name"]), copy["name"][-7:]) == (255, " (copy)")
    assert as_alice.patch(f"{STRATEGIES}{copy['id']}/", {"name": copy["name"]}).status_code == 200


def test_managers_write_strategies_and_users_read_them(cast, strategy):
    with system_scope("test"):
        as_user, as_manager = (
            client_of(UserFactory(sub_account=cast.acme, role=role)) for role in (UserRole.USER, UserRole.MANAGER)
        )
    address = f"{STRATEGIES}{strategy.pk}/"

    refused = [
        as_user.post(STRATEGIES, new_strategy(cast)),
        as_user.patch(address, {"tag": "x"}),
        as_user.post(f"{address}duplicate/", {}),
        as_user.post(f"{address}reassign/", {"strategy_id": cast.acme_strategy.pk}),
        as_user.delete(address),
    ]

    assert [answer.status_code for answer in refused] == [403] * 5
    assert as_user.get(address).status_code == 200
    assert as_manager.patch(address, {"tag": "x"}).status_code == 200
    assert as_manager.delete(address).status_code == 204


def test_strategies_are_found_filtered_and_ordered(cast, as_alice, strategy):
    def names(query: str) -> list[str]:
        return [found["name"] for found in as_alice.get(f"{STRATEGIES}?{query}").json()["results"]]

    assert names("search=roof") == ["Roofs"]
    assert names("tag=warm") == ["Roofs"]
    assert names("tag=cold") == []
    assert names(f"regular_user_id={cast.alice.pk}&ordering=name") == sorted([cast.acme_strategy.name, "Roofs"])
    assert names("is_active=false") == []
