"""Generated requests: whatever the OpenAPI document allows, with foreign ids and names wherever one fits."""

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
from accounts.models import User
from accounts.tests.factories import PASSWORD
from accounts.views.signing_in import LoginView
from agents.models import PromptTemplate, Strategy
from crm.choices import LeadStatus
from crm.models import Lead
from forms.models import FormTemplate
from integrations.models import IntegrationTemplate
from loctelli.tests.isolation_endpoints import Endpoint, document, endpoints, resolve
from loctelli.tests.isolation_world import Actor, World, cross_references, foreign_writes, owner_of, owners, tag
from tenants.models import SubAccount
from tenants.scope import system_scope

# Which model an id in a body, a query or an answer is of. An integer or key that ends with _id must stand here.
REFERENCES: dict[str, type[models.Model]] = {
    "regular_user_id": User,
    "assigned_to_id": User,
    "user_id": User,
    "lead_id": Lead,
    "strategy_id": Strategy,
    "sub_account_id": SubAccount,
    "prompt_template_id": PromptTemplate,
    "form_template_id": FormTemplate,
    "integration_template_id": IntegrationTemplate,
}
# Ids of other systems: text to us.
TEXTS = {"actor_id", "object_id", "request_id", "custom_id", "calendar_id", "location_id", "assigned_user_id"}
# Who sends: mostly those who may do most.
ROLES = ["admin", "admin", "manager", "user"]
FOREIGN = 0.35
MISSING = {int: 10**12, str: "c" + "0" * 24}


class Unknown(AssertionError):
    """The generator doesn't know what to send: teach it the new endpoint's field."""


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


class Sender:
    """Sends one thread's requests; the same seed sends the same ones as long as the answers are the same."""

    def __init__(self, world: World, findings: Findings, seed: int) -> None:
        self.world, self.findings, self.random = world, findings, random.Random(seed)
        self.client = Client(raise_request_exception=False)

    def send(self, endpoint: Endpoint) -> None:
        """Send one request to an endpoint as somebody, and look at the answer."""
        actor = self.random.choice(self.world.actors_with(self.random.choice(ROLES)))
        if endpoint.method == "DELETE" and self.random.random() < 0.5:
            # Rows shouldn't run out: half of the deletions are of what is another's anyway.
            path = endpoint.path.replace("{pk}", str(self.foreign_key(endpoint.model, actor)))
        else:
            path = endpoint.path.replace("{pk}", str(self.key(endpoint.model, actor)) if endpoint.is_detail else "")
        query = self.query(endpoint, actor)
        body = None if endpoint.body is None else self.value(endpoint.body, "", actor)
        if isinstance(body, dict):
            body = self.spice(endpoint, body, actor)
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
            findings.seen.add((endpoint.model, self.parse_key(endpoint.model, path), tenant))
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

    # What is sent.

    def query(self, endpoint: Endpoint, actor: Actor) -> dict[str, str]:
        """Return some of the query's parameters."""
        share = 0.8 if endpoint.method == "DELETE" else 0.15
        chosen = [name for name in endpoint.parameters if name != "cursor" and self.random.random() < share]
        return {name: self.text(self.value(endpoint.parameters[name], name, actor, query=True)) for name in chosen}

    @staticmethod
    def text(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        return ",".join(map(str, value)) if isinstance(value, list) else str(value)

    def spice(self, endpoint: Endpoint, body: dict, actor: Actor) -> dict:
        """Return a body that sometimes says whose the row be, which nobody is asked."""
        if self.random.random() < 0.05:
            name = self.random.choice(["sub_account_id", "sub_account", "form_owner_id"])
            body[name] = self.random.choice(self.world.tenants)
        return body

    def value(self, schema: dict, name: str, actor: Actor, *, query: bool = False) -> Any:
        """Return something of a schema; `name` is the field's, and often says more than its schema."""
        schema, rand = resolve(schema), self.random
        base = name.partition("__")[0]
        if schema.get("nullable") and rand.random() < 0.1 and not query:
            return None
        if base in REFERENCES and not name.endswith("__isnull"):
            return self.key(REFERENCES[base], actor)
        if values := [value for value in schema.get("enum", []) if value is not None]:
            return rand.choice(values)
        if (special := self.special(name, actor, query)) is not None:
            return special
        match schema.get("type"):
            case "string":
                return self.string(schema, name, actor, query)
            case "integer":
                if name.endswith("_id"):
                    raise Unknown(f"Whose is {name}? Say it in REFERENCES.")
                return rand.randint(max(schema.get("minimum", 0), 0), min(schema.get("maximum", 100), 100))
            case "number":
                return rand.random()
            case "boolean":
                return rand.random() < 0.7
            case "array":
                few = rand.randint(1, 3)
                return (
                    [self.value(schema["items"], name, actor, query=query) for _ in range(few)]
                    if schema["items"]
                    else []
                )
            case "object" if "properties" in schema:
                required = schema.get("required", [])
                return {
                    key: self.value(inner, key, actor)
                    for key, inner in schema["properties"].items()
                    if not inner.get("readOnly") and (key in required or rand.random() < 0.3)
                }
            case "object" | None:
                return {"note": f"{tag(actor.sub_account_id)}note"}
            case other:
                raise Unknown(f"What is a {other}, as {name} is?")

    def string(self, schema: dict, name: str, actor: Actor, query: bool) -> str:
        own = tag(actor.sub_account_id)
        if name.endswith("_id") and name not in TEXTS:
            raise Unknown(f"Whose is {name}? Say it in REFERENCES, or that it is text in TEXTS.")
        match schema.get("format"):
            case "date-time":
                return self.random.choice(["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"])
            case "date":
                return "2027-01-15"
            case "email":
                return f"{own}{self.random.getrandbits(40)}@example.com"
            case None:
                foreign = self.random.choice(self.world.tenants)
                # Not the whole tag, which a link to the next page may repeat.
                return tag(foreign).removeprefix("owned-") if query else f"{own}{self.random.getrandbits(40)}"
            case other:
                raise Unknown(f"What is the format {other}, as {name} has it?")

    def special(self, name: str, actor: Actor, query: bool) -> Any:
        """Return what fits a field whose schema doesn't say enough, None for all others."""
        own = tag(actor.sub_account_id)
        if query:
            return 5 if name == "page_size" else None
        if name == "email" and self.logging_in:
            return actor.email
        if name == "id" and self.of_leads:
            # A row of a bulk call.
            return self.key(Lead, actor)
        specials = {
            "timezone": "Europe/Berlin",
            "time": "10:00",
            "status": self.random.choice(LeadStatus.values) if self.of_leads else None,
            "password": PASSWORD if self.logging_in else f"{own}{self.random.getrandbits(60)}",
            "config": {"locationId": f"{own}location", "apiKey": f"{own}key"},
            "schema": [{"id": "name", "type": "text", "label": f"{own}label"}],
            "settings": {"note": f"{own}settings"},
            "delay_min": 1,
            "delay_max": 90,
        }
        return specials.get(name)

    logging_in = of_leads = False

    def key(self, model: type[models.Model], actor: Actor) -> Any:
        """Return the key of a row: mostly an own one or nobody's, often a foreign one, sometimes none that exists."""
        draw, tenant = self.random.random(), actor.sub_account_id
        keys = self.world.keys[model]
        own = [*keys[tenant], *keys[None]]
        if draw < FOREIGN or not own:
            return self.foreign_key(model, actor)
        if draw > 0.97:
            return MISSING[type(own[0])]
        return self.random.choice(own)

    def foreign_key(self, model: type[models.Model], actor: Actor) -> Any:
        keys = self.world.keys[model]
        foreign = [key for tenant in self.world.tenants if tenant != actor.sub_account_id for key in keys[tenant]]
        if model is User:
            foreign += [other.user_id for other in self.world.actors if other.sub_account_id != actor.sub_account_id]
        return self.random.choice(foreign or keys[None])

    @staticmethod
    def parse_key(model: type[models.Model], path: str) -> Any:
        return model._meta.pk.to_python(path.rstrip("/").rsplit("/", 1)[1])


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
                sender.logging_in = endpoint.path.endswith("/auth/login/")
                sender.of_leads = endpoint.path.startswith("/api/v1/leads/")
                sender.send(endpoint)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, number) for number in range(threads)]:
            done.result()
    return findings.conclude(world, initial)
