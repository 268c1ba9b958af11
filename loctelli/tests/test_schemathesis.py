"""Every operation of the OpenAPI document, called through the whole WSGI stack with data made from the document.

Each answer must be one the document names: its status, content type, headers and body; no answer is a 5xx; what the
document allows is taken, what it doesn't is refused; methods it doesn't name are 405; nothing answers without a token.
"""

import uuid

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode

from accounts.tests.factories import PASSWORD, issue_token
from loctelli.api import parsers
from loctelli.tests.api_world import document, furnish, lift_throttles, references, resource_of

pytestmark = pytest.mark.django_db

CONFIG = {
    "seed": 20261122,
    # NUL characters, which no column can hold, are refused though JSON and the document allow them.
    "generation": {"max-examples": 14, "deterministic": True, "no-shrink": True, "allow-x00": False},
    # What is wrong with one row of many is told in that row's outcome, and the others are carried out.
    "operations": [
        {
            "include-path": "/api/v1/leads/bulk/",
            "checks": {"negative_data_rejection": {"expected-statuses": [*map(str, range(400, 430)), "207"]}},
        }
    ],
}


class Server:
    """The WSGI application as the running test has configured it, its data, and who calls it."""

    def __call__(self, environ, start_response):
        return self.application(environ, start_response)


server = Server()
schema = schemathesis.openapi.from_dict(document(), config=schemathesis.config.SchemathesisConfig.from_dict(CONFIG))
schema.app = server


@pytest.fixture(autouse=True)
def _served(settings, cast):
    lift_throttles(settings)
    server.application = get_wsgi_application()
    server.rows = furnish(cast)
    server.references = references(cast, server.rows)
    server.headers = {"Authorization": f"Bearer {issue_token(cast.alice)}"}
    # As Django's own test client does: between the requests of a test its transaction stays open.
    signals = request_started, request_finished
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


# What the document can't say: which ids there are, which addresses are taken, what a service's own schema asks for.


def ground(case) -> None:
    """Give what was made to be valid the ids and values that are there."""
    if is_valid(case, ParameterLocation.PATH) and "id" in case.path_parameters:
        case.path_parameters["id"] = str(server.rows[resource_of(case.path)].pk)
    if is_valid(case, ParameterLocation.QUERY):
        # Cursors are signed.
        case.query.pop("cursor", None)
        # What is taken only together with something else, and what multiplies with what is included.
        if "conversation-messages" in case.path and "lead_id" not in case.query:
            case.query.pop("role", None)
        if "include" in case.query:
            case.query.pop("page_size", None)
    if is_valid(case, ParameterLocation.HEADER) and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
    if is_valid(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        mend(case.body, resource_of(case.path))


def is_valid(case, location: ParameterLocation) -> bool:
    found = case.meta.components.get(location)
    return (found or case.meta.generation).mode is GenerationMode.POSITIVE


def mend(body: dict, resource: str) -> None:
    known = {
        **server.references,
        "timezone": "Europe/Berlin",
        "password": PASSWORD,
        "slug": uuid.uuid4().hex,
        "config": {"apiKey": "key", "locationId": "loc_1"},
        "schema": [{"id": "name", "type": "text", "label": "Name"}],
        "bookings_time": {"weekly": {"monday": [{"start": "09:00", "end": "17:00"}]}},
        "settings": {"timezone": "Europe/Berlin"},
        "details": {"date": "2027-01-15", "time": "10:00"},
    }
    if resource == "leads":
        known["status"] = "qualified"
    if resource == "auth":
        known["email"] = "alice@acme.example"
    if resource == "users":
        known["email"] = f"{uuid.uuid4().hex}@acme.example"
    for name, value in body.items():
        if value is not None and name in known:
            body[name] = known[name]
        elif isinstance(value, dict | list) and not is_storable(value):
            # Of rows there has to be one.
            body[name] = [{}] if name == "leads" else type(value)()
    if resource == "strategies" and "delay_min" in body:
        body["delay_max"] = None
    if isinstance(body.get("booking"), dict):
        mend(body["booking"], "bookings")
    if "atomic" in body:
        body["atomic"] = False
    if "dry_run" in body:
        # Acting asks for the very number that was counted before.
        body["dry_run"] = True
    if isinstance(body.get("changes"), dict):
        mend(body["changes"], resource)
        body["changes"] = body["changes"] or {"status": known["status"]}


def is_storable(value: dict | list) -> bool:
    try:
        parsers.check(value)
    except parsers.UnacceptableValue:
        return False
    return True


@schema.parametrize()
def test_an_operation_answers_as_documented(case):
    ground(case)
    case.call_and_validate(headers=server.headers)
