"""Configurations against schemas: errors at the right path, and schemas that can be relied on."""

import json
import time

import pytest
from django.test import Client

from integrations.configuration import InvalidSchema, validate_config, validate_schema
from integrations.models import IntegrationTemplate
from integrations.tests.factories import IntegrationTemplateFactory
from loctelli.errors import InvalidRequest
from loctelli.management.seeds.integrations import TEMPLATES
from tenants.scope import system_scope

SCHEMA = {
    "type": "object",
    "properties": {
        "account": {
            "type": "object",
            "properties": {
                "owner": {
                    "type": "object",
                    "properties": {"email": {"type": "string", "format": "email"}, "born": {"format": "date"}},
                    "required": ["email"],
                    "additionalProperties": False,
                },
            },
            "required": ["owner"],
        },
        "events": {"type": "array", "items": {"type": "object", "properties": {"at": {"format": "date-time"}}}},
        "host": {"anyOf": [{"format": "ipv4"}, {"format": "hostname"}]},
        "ids": {"type": "object", "propertyNames": {"pattern": "^[a-z]+$"}},
        "rest": {"type": "object", "properties": {"a": {}}, "unevaluatedProperties": False},
        "user": {"type": "string"},
        "code": {"type": "string", "pattern": "^(a+)+$"},
    },
    "dependentRequired": {"user": ["code"]},
    "additionalProperties": False,
}


def errors_of(config, schema=SCHEMA) -> list[tuple[str, str]]:
    try:
        validate_config(config, schema)
    except InvalidRequest as refused:
        return sorted((error["path"], error["code"]) for error in refused.errors)
    return []


@pytest.mark.parametrize(
    ("config", "errors"),
    [
        ({"account": {}}, [("config.account.owner", "required")]),
        ({"account": {"owner": {}}}, [("config.account.owner.email", "required")]),
        ({"account": {"owner": {"email": "no"}}}, [("config.account.owner.email", "format")]),
        (
            {"account": {"owner": {"email": 5, "born": "2026-02-30", "extra": 1}}},
            [
                ("config.account.owner.born", "format"),
                ("config.account.owner.email", "type"),
                ("config.account.owner.extra", "additional_properties"),
            ],
        ),
        (
            {"events": [{"at": "2026-01-01T00:00:00Z"}, {"at": "noon"}, 7]},
            [("config.events.1.at", "format"), ("config.events.2", "type")],
        ),
        ({"host": "not a host"}, [("config.host", "any_of")]),
        ({"ids": {"ok": 1, "NO": 2}}, [("config.ids.NO", "property_names")]),
        ({"rest": {"a": 1, "b": 2}}, [("config.rest.b", "unevaluated_properties")]),
        ({"user": "u"}, [("config.code", "required")]),
        ({"a": 1, "b": 2}, [("config.a", "additional_properties"), ("config.b", "additional_properties")]),
    ],
)
def test_an_error_is_at_the_path_of_what_is_wrong(config, errors):
    assert errors_of(config) == errors


def test_no_value_is_told_in_an_error():
    wrong = {"account": {"owner": {"email": "hunter2"}}, "host": "hunter2 hunter2", "code": "hunter2"}

    with pytest.raises(InvalidRequest) as refused:
        validate_config(wrong, SCHEMA)

    assert len(refused.value.errors) == 3
    assert "hunter2" not in json.dumps(list(refused.value.errors))


def test_of_very_many_errors_a_hundred_are_told():
    assert len(errors_of({"events": [7] * 50_000})) == 100


def test_a_pattern_made_to_take_for_ever_does_not():
    started = time.thread_time()

    assert errors_of({"code": "a" * 200_000 + "!"}) == [("config.code", "pattern")]
    assert time.thread_time() - started < 1


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template["name"])
def test_a_seeded_services_schema_is_good(template):
    validate_schema(template["config_schema"])


GOHIGHLEVEL, WEBHOOK = (template["config_schema"] for template in TEMPLATES)


@pytest.mark.parametrize(
    ("schema", "config", "errors"),
    [
        (GOHIGHLEVEL, {"apiKey": "pit-12345678", "locationId": "ve9EPM428h8vShlRW1KT"}, []),
        (
            GOHIGHLEVEL,
            {"apiKey": "short", "locationId": "no spaces allowed"},
            [("config.apiKey", "min_length"), ("config.locationId", "pattern")],
        ),
        (
            GOHIGHLEVEL,
            {"apiKey": "pit-12345678", "locationId": "ve9EPM428h8v", "clientId": "c"},
            [("config.clientSecret", "required")],
        ),
        (WEBHOOK, {"url": "https://hooks.example.com/in", "events": ["lead.created"]}, []),
        (WEBHOOK, {"url": "http://hooks.example.com/in"}, [("config.url", "pattern")]),
        (
            WEBHOOK,
            {"url": "https://no address", "events": ["lead.created", "Nonsense"]},
            [("config.events.1", "pattern"), ("config.url", "format")],
        ),
    ],
)
def test_a_seeded_schema_takes_what_the_service_needs_and_refuses_the_rest(schema, config, errors):
    assert errors_of(config, schema) == errors


def deep(levels: int) -> dict:
    return {"properties": {"a": deep(levels - 1)}} if levels else {}


BAD_SCHEMAS = [
    ([], "Must be the JSON Schema of an object"),
    ("object", "Must be the JSON Schema of an object"),
    (None, "Must be the JSON Schema of an object"),
    ({"type": "array"}, "Must be the JSON Schema of an object"),
    ({"type": "object", "properties": []}, "^properties: "),
    ({"properties": {"a": {"type": "strin"}}}, r"^properties\.a\.type: "),
    ({"properties": {"a": {"minLength": "five"}}}, r"^properties\.a\.minLength: "),
    ({"required": "a"}, "^required: "),
    ({"$schema": "https://evil.example/meta"}, "names no published draft"),
    ({"$defs": {"a": {"$schema": "https://evil.example/meta"}}}, r"^\$defs\.a: .*names no published draft"),
    ({"$ref": "https://evil.example/schema"}, "leads to another document"),
    ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, r'^properties\.a: "\$ref" leads to another document'),
    ({"allOf": [{"$dynamicRef": "other#x"}]}, r"^allOf\.0: .*leads to another document"),
    ({"properties": {"a": {"$ref": "#/$defs/missing"}}}, "missing"),
    ({"properties": {"a": {"pattern": "(?=(a+)+$)b"}}}, r"^properties\.a\.pattern: The pattern is no regular"),
    ({"properties": {"a": {"pattern": r"(a+)\1"}}}, r"^properties\.a\.pattern: The pattern is no regular"),
    ({"properties": {"a": {"pattern": "["}}}, r"^properties\.a\.pattern: The pattern is no regular"),
    ({"properties": {"a": {"pattern": "(a{1000}){1000}"}}}, r"^properties\.a\.pattern: The pattern is no regular"),
    ({"patternProperties": {"(?<!x)y": {}}}, "no regular expression"),
    ({"properties": {"a": {"items": {"secret": True}}}}, "not one inside a list"),
    ({"properties": {"a": {"$ref": "#/$defs/s"}}, "$defs": {"s": {"secret": True}}}, "not one inside a list"),
    ({"properties": {"a": {"secret": "true"}}}, r'^properties\.a: "secret" must be true or false'),
    ({"properties": {"a": {"secret": 1}}}, r'^properties\.a: "secret" must be true or false'),
    ({"properties": {"a": {"secret": True, "type": "integer"}}}, r'^properties\.a: A secret must be of type "string"'),
    (deep(40), "nested more than 32 levels"),
]


@pytest.mark.parametrize(("schema", "complaint"), BAD_SCHEMAS)
def test_a_schema_that_configurations_cannot_be_held_against_is_refused(schema, complaint):
    with pytest.raises(InvalidSchema, match=complaint):
        validate_schema(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        SCHEMA,
        deep(15),
        {"properties": {"a": {"$ref": "#/$defs/id"}}, "$defs": {"id": {"type": "string"}}},
        {"properties": {"child": {"$ref": "#"}}},
        {"properties": {"secret": {"type": "string"}, "secrets": {"properties": {"secret": {"secret": True}}}}},
        {"properties": {"a": {"secret": False}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "properties": {}},
    ],
)
def test_any_other_schema_is_taken(schema):
    validate_schema(schema)


@pytest.mark.django_db
def test_a_bad_schema_is_saved_by_nobody(cast):
    with system_scope("test"):
        with pytest.raises(InvalidSchema):
            IntegrationTemplateFactory(config_schema={"type": "strin"}, created_by_admin=cast.ada)
        template = IntegrationTemplateFactory(created_by_admin=cast.ada)
        template.config_schema = {"$ref": "https://evil.example/schema"}
        with pytest.raises(InvalidSchema):
            template.save(update_fields=["config_schema"])
        template.save(update_fields=["name"])


@pytest.mark.django_db
@pytest.mark.parametrize(("schema", "complaint"), BAD_SCHEMAS[5:20:3])
def test_the_console_says_what_is_wrong_with_a_schema(schema, complaint, cast):
    console = Client()
    console.force_login(cast.ada)
    form = {"name": "x", "display_name": "x", "category": "CRM", "config_schema": json.dumps(schema)}

    answer = console.post("/console/integrations/integrationtemplate/add/", form)

    assert answer.status_code == 200
    (said,) = answer.context["adminform"].form.errors["config_schema"]
    with pytest.raises(InvalidSchema, match=complaint) as refused:
        validate_schema(schema)
    assert said == str(refused.value)
    with system_scope("test"):
        assert not IntegrationTemplate.objects.filter(name="x").exists()
