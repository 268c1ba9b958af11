"""What generated requests hold: what the OpenAPI document allows, with foreign ids and names wherever one fits."""

import random
from typing import Any

from django.db import models

from accounts.models import User
from accounts.tests.factories import PASSWORD
from agents.models import PromptTemplate, Strategy
from crm.choices import LeadStatus
from crm.models import Lead
from forms.models import FormTemplate
from integrations.models import IntegrationTemplate
from loctelli.tests.isolation_endpoints import Endpoint, resolve
from loctelli.tests.isolation_world import Actor, World, tag
from tenants.models import SubAccount

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
FOREIGN = 0.35
MISSING = {int: 10**12, str: "c" + "0" * 24}


class Unknown(AssertionError):
    """The generator doesn't know what to send: teach it the new endpoint's field."""


class Values:
    """Makes the values that one thread sends."""

    # What is said by the endpoint that the values are for.
    logging_in = of_leads = False

    def __init__(self, world: World, rand: random.Random) -> None:
        self.world, self.random = world, rand

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
