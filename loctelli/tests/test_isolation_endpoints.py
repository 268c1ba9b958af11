"""Every endpoint of a sub-account, walked: what is another's is answered like what does not exist."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from loctelli.tests.isolation_endpoints import Endpoint, endpoints, resolve
from loctelli.tests.isolation_values import MISSING, REFERENCES, Values
from loctelli.tests.isolation_world import Actor, World, build_world, owners
from loctelli.tests.test_isolation_guards import OF_NO_SUB_ACCOUNT
from tenants.access import Access

pytestmark = pytest.mark.django_db

WALKED = [endpoint for endpoint in endpoints() if endpoint.view not in OF_NO_SUB_ACCOUNT]


class Walker(Values):
    """Asks for what is right in every way, of its own rows alone, so that one wrong id makes the difference."""

    def __init__(self, world: World) -> None:
        super().__init__(world, Random(3))
        self.actor: Actor = world.actors[0]

    def key(self, model, actor) -> Any:
        keys = self.world.keys[model]
        return [*keys[actor.sub_account_id], *keys[None]][0]

    def own_body(self, endpoint: Endpoint) -> Any:
        self.of_leads = endpoint.path.startswith("/api/v1/leads/")
        return None if endpoint.body is None else self.value(endpoint.body, "", self.actor)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        response = Client().generic(
            method,
            path,
            b"" if body is None else json.dumps(body).encode(),
            "application/json",
            headers={"Authorization": f"Bearer {self.actor.token}"},
        )
        return response.status_code, json.loads(response.content or b"null")


def test_a_list_holds_ones_own_rows_and_everybodys_and_no_other():
    world = build_world(2, 2)
    walker, wrong = Walker(world), []
    tenant = walker.actor.sub_account_id

    for endpoint in WALKED:
        if endpoint.action != "list":
            continue
        keys = world.keys[endpoint.model]
        expected = {*keys[tenant], *keys[None]}
        if endpoint.model is User:
            expected |= {actor.user_id for actor in world.actors if actor.sub_account_id == tenant}
        for query in ("", *(f"&include={name}" for name in endpoint.includes)):
            status, page = walker.ask("GET", f"{endpoint.path}?page_size=80{query}")
            found = {row["id"] for row in page["results"]} if status == 200 else None
            if found != expected or not expected or owners(json.dumps(page)) - {tenant}:
                wrong.append((str(endpoint), query, status, found))

    assert wrong == []


def test_a_row_of_anothers_is_not_found_like_one_that_does_not_exist_whatever_is_asked_of_it():
    world = build_world(1, 1)
    walker, wrong, walked = Walker(world), [], []

    for endpoint in WALKED:
        if not endpoint.is_detail or endpoint.model.access == Access.CATALOGUE:
            continue
        walked.append(endpoint)
        body = walker.own_body(endpoint)
        own, foreign = walker.key(endpoint.model, walker.actor), walker.foreign_key(endpoint.model, walker.actor)
        answers = [
            walker.ask(endpoint.method, endpoint.path.replace("{pk}", str(key)), body)
            for key in (foreign, MISSING[type(own)])
        ]
        if answers[0] != answers[1] or answers[0][0] != 404:
            wrong.append((str(endpoint), answers))

    assert wrong == []
    assert {endpoint.method for endpoint in walked} == {"GET", "POST", "PATCH", "DELETE"}


def test_an_id_of_anothers_in_a_body_is_refused_like_one_that_does_not_exist():
    world = build_world(2, 2)
    walker, wrong, walked = Walker(world), [], []

    for endpoint in WALKED:
        for path, model in references(endpoint.body or {}):
            if model.access == Access.CATALOGUE:
                continue
            walked.append((str(endpoint), ".".join(path)))
            address = endpoint.path.replace("{pk}", str(walker.key(endpoint.model, walker.actor)))
            own = walker.key(model, walker.actor)
            answers = [
                walker.ask(endpoint.method, address, put(walker.own_body(endpoint), path, walker, endpoint, key))
                for key in (walker.foreign_key(model, walker.actor), MISSING[type(own)])
            ]
            status, error = answers[0]
            blamed = [each["path"] for each in error.get("errors", [])]
            if answers[0] != answers[1] or status != 400 or blamed != [".".join(path)]:
                wrong.append((str(endpoint), path, answers))

    assert wrong == []
    assert ("POST /api/v1/leads/", "booking.regular_user_id") in walked
    assert ("POST /api/v1/users/{pk}/reassign/", "user_id") in walked


@pytest.mark.parametrize("name", ["sub_account_id", "sub_account"])
def test_nobody_says_whose_a_row_be(name):
    world = build_world(1, 1)
    walker, wrong = Walker(world), []

    for endpoint in WALKED:
        if endpoint.method not in ("POST", "PATCH") or endpoint.body is None:
            continue
        address = endpoint.path.replace("{pk}", str(walker.key(endpoint.model, walker.actor)))
        body = {**walker.own_body(endpoint), name: world.tenants[1]}
        status, error = walker.ask(endpoint.method, address, body)
        if status != 400 or [each["path"] for each in error["errors"]] != [name]:
            wrong.append((str(endpoint), status, error))

    assert wrong == []


def test_a_list_costs_the_same_queries_for_one_row_and_for_thirty_with_every_include():
    world = build_world(30)
    walker, dear = Walker(world), []

    for endpoint in WALKED:
        if endpoint.action != "list":
            continue
        for include in (None, *endpoint.includes, *filter(None, [",".join(endpoint.includes)])):
            query = f"&include={include}" if include else ""
            walker.ask("GET", f"{endpoint.path}?page_size=1{query}")  # for what is read once and remembered
            counts, sizes = [], []
            for size in (1, 30):
                with CaptureQueriesContext(connection) as queries:
                    status, page = walker.ask("GET", f"{endpoint.path}?page_size={size}{query}")
                counts.append(len(queries))
                sizes.append(len(page["results"]) if status == 200 else status)
            if counts[0] != counts[1] or sizes != [1, 30]:
                dear.append((str(endpoint), include, counts, sizes))

    assert dear == []


def references(schema: dict, prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the path of each reference in a body, and the model it is of."""
    for name, inner in resolve(schema).get("properties", {}).items():
        if name in REFERENCES:
            yield (*prefix, name), REFERENCES[name]
        else:
            yield from references(inner, (*prefix, name))


def put(body: dict, path: tuple[str, ...], walker: Walker, endpoint: Endpoint, key: Any) -> dict:
    """Return the body with a key at a path, the objects on the way being there."""
    *parents, last = path
    schema, inner = resolve(endpoint.body), body
    for parent in parents:
        schema = resolve(schema["properties"][parent])
        inner[parent] = walker.value({**schema, "nullable": False}, parent, walker.actor)
        inner = inner[parent]
    inner[last] = key
    return body
