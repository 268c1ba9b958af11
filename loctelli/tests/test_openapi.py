"""The OpenAPI document of the whole API is valid and complete."""

import re

import jsonschema_rs
import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from loctelli.tests.api_world import FINDING_BY_BODY, document, is_idempotent, operations

SCHEMAS = document()["components"]["schemas"]
EXAMPLES = [name for name, schema in SCHEMAS.items() if "example" in schema]


def api_paths(resolver: URLResolver, prefix: str = "/") -> set[str]:
    found = set()
    for pattern in resolver.url_patterns:
        path = prefix + re.sub(r"\(\?P<pk>[^)]*\)+", "{id}", str(pattern.pattern)).strip("^$")
        if isinstance(pattern, URLPattern):
            found.add(path)
        else:
            found |= api_paths(pattern, path)
    return {path for path in found if path.startswith("/api/v1/")}


def openapi_to_json_schema(node):
    """Return a schema in which `nullable` is said as JSON Schema says it, with references into this document."""
    if isinstance(node, list):
        return [openapi_to_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {name: openapi_to_json_schema(value) for name, value in node.items() if name != "example"}
    if schema.pop("nullable", False) is True:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema


def test_the_document_is_valid_and_writing_it_warns_of_nothing(capsys):
    validate_schema(SchemaGenerator().get_schema(request=None, public=True))

    assert capsys.readouterr().err == ""


def test_the_document_names_every_address_of_the_api():
    assert set(document()["paths"]) == api_paths(get_resolver())


def test_every_operation_has_a_name_of_its_own_a_tag_and_words():
    found = operations()
    names = [operation["operationId"] for _, _, operation in found]

    assert len(set(names)) == len(names)
    for _, path, operation in found:
        assert operation["tags"] == [path.split("/")[3]], path
        assert operation.get("description"), path


@pytest.mark.parametrize(("method", "path", "operation"), operations())
def test_an_operation_names_each_error_it_can_answer_with(method, path, operation):
    expected = {"400", "401", "403", "405", "429", "503"}
    expected |= {"404"} if "{" in path or path in FINDING_BY_BODY else set()
    expected |= {"409", "413"} if method != "get" else set()
    expected |= {"422"} if is_idempotent(method, path) else set()
    expected |= {"411", "415"} if method in ("post", "patch") else set()

    assert {status for status in operation["responses"] if status >= "400"} == expected


def test_every_answer_tells_what_its_throttles_leave_and_a_refusal_when_to_come_back():
    components = document()["components"]
    shared = {f"#/components/responses/{name}": answer for name, answer in components["responses"].items()}

    for _, path, operation in operations():
        for status, answer in operation["responses"].items():
            headers = shared.get(answer.get("$ref"), answer)["headers"]
            assert {"RateLimit", "RateLimit-Policy"} <= headers.keys(), (path, status)
            assert ("Retry-After" in headers) == (status in ("429", "503")), (path, status)
    assert components["headers"].keys() == {"RateLimit", "RateLimit-Policy"}


def test_the_resources_that_are_written_have_examples():
    assert {"Booking", "BookingRequest", "Lead", "LeadRequest", "Strategy", "User", "SubAccount", "Error"} <= set(
        EXAMPLES
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_fits_its_schema(name):
    schema = {
        "$ref": f"#/components/schemas/{name}",
        "components": openapi_to_json_schema(document()["components"]),
    }

    errors = jsonschema_rs.validator_for(schema, validate_formats=True).iter_errors(SCHEMAS[name]["example"])

    assert [error.message for error in errors] == []


def test_no_answer_has_a_field_for_a_secret():
    secret = {"password", "webhook_secret", "encrypted_content", "salt", "iv", "integrity_hash", "token_hash"}

    for name, schema in SCHEMAS.items():
        if not name.endswith("Request"):
            assert not secret & set(schema.get("properties", {})), name
