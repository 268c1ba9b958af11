"""Generated requests: sent from many threads to all endpoints, and what their answers showed."""

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection, models
from django.test import Client, override_settings

from accounts.middleware import OPENING_OWN_SCOPES, UNBOUND_PREFIX
from accounts.views.signing_in import LoginView
from crm.models import Lead
from loctelli.tests.isolation_endpoints import Endpoint, document, endpoints
from loctelli.tests.isolation_values import REFERENCES, Values
from loctelli.tests.isolation_world import Actor, World, cross_references, foreign_writes, owner_of, owners
from tenants.scope import system_scope

# Who sends: mostly those who may do most.
ROLES = ["admin", "admin", "manager", "user"]


@dataclass
class Findings:
    """What went wrong, and what was sent: (endpoint, status) of each request. Threads only ever append."""

    leaks: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sent: list[tuple[Endpoint, int]] = field(default_factory=list)
    seen: set[tuple[type[models.Model], Any, int]] = field(default_factory=set)
    foreign_writes: list[str] = field(default_factory=list)
    cross_references: list[str] = field(default_factory=list)

    def conclude(self, world: World, initial: dict) -> "Findings":
        """Ask the database whose the rows are that were shown, and what was written."""
        with system_scope("a test asks whose rows were shown"):
            for model, key, tenant in self.seen:
                owner = initial.get((model, key)) or owner_of(model, key)
                if owner not in (tenant, None):
                    self.leaks.append(f"{tenant} was shown {model.__name__} {key} of {owner}")
        self.foreign_writes += foreign_writes()
        self.cross_references += cross_references()
        return self


def parse_key(model: type[models.Model], path: str) -> Any:
    return model._meta.pk.to_python(path.rstrip("/").rsplit("/", 1)[1])


class Sender:
    """Sends one thread's requests; the same seed sends the same ones as long as the answers are the same."""

    def __init__(self, world: World, findings: Findings, seed: int) -> None:
        self.world, self.findings, self.random = world, findings, random.Random(seed)
        self.values = Values(world, self.random)
        self.client = Client(raise_request_exception=False)

    def send(self, endpoint: Endpoint) -> None:
        """Send one request to an endpoint as somebody, and look at the answer."""
        actor = self.random.choice(self.world.actors_with(self.random.choice(ROLES)))
        if endpoint.method == "DELETE" and self.random.random() < 0.5:
            # Rows shouldn't run out: half of the deletions are of what is another's anyway.
            path = endpoint.path.replace("{pk}", str(self.values.foreign_key(endpoint.model, actor)))
        else:
            path = endpoint.path.replace(
                "{pk}", str(self.values.key(endpoint.model, actor)) if endpoint.is_detail else ""
            )
        query = self.values.query(endpoint, actor)
        body = None if endpoint.body is None else self.values.value(endpoint.body, "", actor)
        if isinstance(body, dict):
            body = self.values.spice(endpoint, body, actor)
        response = self.client.generic(
            endpoint.method,
            f"{path}?{urlencode(query)}" if query else path,
            b"" if body is None else json.dumps(body).encode(),
            "application/json",
            headers={"Authorization": f"Bearer {actor.token}"},
        )
        self.look(endpoint, actor, path, query, body, response)
        if self.random.random() < 0.2:
            # Back to the pool: the next request gets a connection that another tenant's has used.
            connection.close()

    def look(self, endpoint: Endpoint, actor: Actor, path: str, query: dict, body: Any, response: Any) -> None:
        findings, tenant = self.findings, actor.sub_account_id
        text = response.getvalue().decode(errors="replace")
        what = (
            f"{actor.role} of {tenant}: {endpoint.method} {path} {query} {body} -> {response.status_code} {text[:500]}"
        )
        findings.sent.append((endpoint, response.status_code))
        if response.status_code >= 500:
            findings.errors.append(what)
        if owners(text) - {tenant}:
            findings.leaks.append(what)
        if response.status_code >= 300:
            return
        if endpoint.method == "DELETE":
            findings.seen.add((endpoint.model, parse_key(endpoint.model, path), tenant))
            return
        if endpoint.action == "export":
            lines = text.splitlines() if query.get("as") == "jsonl" else []
            answer = {"results": [json.loads(line) for line in lines]}
        else:
            answer = json.loads(text)
        if endpoint.action == "bulk":
            findings.seen |= {(Lead, row["id"], tenant) for row in answer["results"] if row["id"]}
        for row in answer.get("results", [answer]) if isinstance(answer, dict) else []:
            self.collect(row, endpoint, tenant)
        if endpoint.action == "create" and "id" in answer:
            self.world.keys[endpoint.model][tenant].append(answer["id"])

    def collect(self, row: dict, endpoint: Endpoint, tenant: int) -> None:
        serializer = getattr(endpoint.view, "serializer_class", None)
        if serializer is not None and endpoint.operation["responses"]:
            selectable = "fields" in endpoint.parameters
            self.collect_ids(row, serializer if selectable else None, tenant)

    def collect_ids(self, row: dict, serializer: Any, tenant: int) -> None:
        """Note which rows an answer shows or names, those of included relations, too."""
        includes = {} if serializer is None else serializer.includes()
        for name, value in row.items():
            if name == "id" and serializer is not None:
                self.findings.seen.add((serializer.Meta.model, value, tenant))
            elif name in REFERENCES and isinstance(value, int | str):
                self.findings.seen.add((REFERENCES[name], value, tenant))
            elif name in includes:
                for inner in value if isinstance(value, list) else [value] if value else []:
                    self.collect_ids(inner, includes[name], tenant)


def endpoints_sent() -> list[Endpoint]:
    """Return the endpoints that requests go to: signing in, and all but those that end the sender's own session."""
    apart = (UNBOUND_PREFIX, *OPENING_OWN_SCOPES)
    return [each for each in endpoints() if each.view is LoginView or not each.path.startswith(apart)]


@override_settings(**{name: "999999999/60" for name in dir(settings) if name.endswith("_THROTTLE")})
def send_requests(world: World, *, requests: int, threads: int, seed: int) -> Findings:
    """Send so many requests from so many threads at once, to all endpoints in turn; return what was found."""
    document()  # Made once, before the threads that read it.
    findings, barrier, sent = Findings(), threading.Barrier(threads), endpoints_sent()
    initial = {
        (model, key): tenant for model, keys in world.keys.items() for tenant, own in keys.items() for key in own
    }

    def work(number: int) -> None:
        sender = Sender(world, findings, seed + number)
        try:
            barrier.wait()
            for turn in range(requests // threads):
                endpoint = sent[(turn + number * 7) % len(sent)]
                sender.values.logging_in = endpoint.path.endswith("/auth/login/")
                sender.values.of_leads = endpoint.path.startswith("/api/v1/leads/")
                sender.send(endpoint)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, number) for number in range(threads)]:
            done.result()
    return findings.conclude(world, initial)
