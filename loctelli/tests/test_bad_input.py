"""No request, however malformed, gets a 5xx or another shape of error, or leaves anything written.

The tables below are applied to every operation that the OpenAPI document describes, so a new one is covered by being
there.
"""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.apps import apps
from django.db import connection
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from agents.tests.factories import StrategyFactory
from loctelli.tests.api_world import document, furnish, lift_throttles, operations, resource_of
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db

CODE = re.compile(r"[a-z][a-z0-9_]*")
WRITES = [(method, path, found) for method, path, found in operations() if "requestBody" in found]
LISTS = [(path, found) for method, path, found in operations() if found["operationId"].endswith("_list")]
DETAILS = [(method, path) for method, path, found in operations() if "{id}" in path]
# What every request leaves behind, refused or not.
TRACES = {"auth_attempts", "account_lockouts"}


def named(table: list) -> list:
    return [pytest.param(*row[:3], id=" ".join(part for part in row if isinstance(part, str))) for row in table]


@pytest.fixture
def rows(cast, settings) -> dict:
    lift_throttles(settings)
    return furnish(cast)


@pytest.fixture
def untouched(rows):
    """Fail when the test changed anything in any table, beside its traces."""
    before = contents()
    yield
    assert contents() == before


def contents() -> dict[str, tuple]:
    tables = {model._meta.db_table for model in apps.get_models() if hasattr(model, "access")} - TRACES
    found = {}
    with system_scope("test"), connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} t")
            found[table] = cursor.fetchone()
    return found


def address(path: str, rows: dict) -> str:
    return path.replace("{id}", str(rows[resource_of(path)].pk)) if "{id}" in path else path


def send(client, method: str, path: str, raw: bytes, content_type: str = "application/json"):
    return client.generic(method.upper(), path, raw, content_type=content_type)


def refusal(answer, *statuses: int) -> dict:
    """Return the body of an error, which has the one shape there is."""
    assert answer.status_code in statuses, answer.content
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert set(body) == {"code", "detail", "errors"}
    assert CODE.fullmatch(body["code"])
    assert body["detail"]
    for error in body["errors"]:
        assert set(error) == {"path", "code", "detail"}
        assert CODE.fullmatch(error["code"])
    return body


# Bodies.

DOCUMENTS = {
    "deep arrays": (b"[" * 10_000 + b"]" * 10_000, "too_deep"),
    "deep objects": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "too_deep"),
    "never closed": (b"[" * 100_000, "too_deep"),
    "33 levels": (b'{"name":' + b"[" * 32 + b"]" * 32 + b"}", "too_deep"),
    "10 MB": (b'"' + b"x" * 10_000_000 + b'"', "body_too_large"),
    "duplicate keys": (b'{"name": "a", "name": "b"}', "duplicate_key"),
    "nested duplicate keys": (b'{"name": {"a": 1, "a": 1}}', "duplicate_key"),
    "NaN": (b'{"name": NaN}', "number_out_of_range"),
    "Infinity": (b'{"name": -Infinity}', "number_out_of_range"),
    "1e999": (b'{"name": 1e999}', "number_out_of_range"),
    "past 64 bits": (b'{"name": 9223372036854775808}', "number_out_of_range"),
    "10,000 digits": (b'{"name": ' + b"9" * 10_000 + b"}", "number_out_of_range"),
    "NUL": (b'{"name": "a\\u0000b"}', "invalid_characters"),
    "NUL in a key": (b'{"a\\u0000b": 1}', "invalid_characters"),
    "lone surrogate": (b'{"name": "\\ud800"}', "invalid_characters"),
    "lone surrogate in a key": (b'{"\\udfff": 1}', "invalid_characters"),
    "invalid UTF-8": (b'{"name": "\xff\xfe"}', "invalid_encoding"),
    "UTF-16": ('{"name": "x"}'.encode("utf-16"), "invalid_encoding"),
    "byte order mark": (b'\xef\xbb\xbf{"name": "x"}', "invalid_json"),
    "no JSON": (b"name=x", "invalid_json"),
    "half a document": (b'{"name": "x"', "invalid_json"),
    "two documents": (b"{}{}", "invalid_json"),
    "trailing comma": (b'{"name": "x",}', "invalid_json"),
    "array": (b"[]", "validation_error"),
    "array of objects": (b'[{"name": "x"}]', "validation_error"),
    "text": (b'"x"', "validation_error"),
    "number": (b"5", "validation_error"),
    "true": (b"true", "validation_error"),
    "null": (b"null", "validation_error"),
}


@pytest.mark.parametrize(("method", "path", "operation"), named(WRITES))
def test_a_malformed_body_is_refused(method, path, operation, rows, as_alice, untouched):
    for name, (raw, code) in DOCUMENTS.items():
        answer = send(as_alice, method, address(path, rows), raw)

        assert (name, refusal(answer, 400, 413)["code"]) == (name, code)


@pytest.mark.parametrize(("method", "path", "operation"), named(WRITES))
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_of_another_type_is_refused(method, path, operation, content_type, rows, as_alice, untouched):
    answer = send(as_alice, method, address(path, rows), b'{"name": "x"}', content_type)

    assert refusal(answer, 415)["code"] == "unsupported_media_type"


@pytest.mark.parametrize(("method", "path", "operation"), named(WRITES))
def test_an_empty_body_lacks_what_is_required(method, path, operation, rows, as_alice):
    required = request_schema(operation).get("required", [])

    for raw in (b"", b"{}"):
        answer = send(as_alice, method, address(path, rows), raw)

        if required:
            errors = refusal(answer, 400)["errors"]
            assert {(error["path"], error["code"]) for error in errors} == {(name, "required") for name in required}
        else:
            assert answer.status_code in (200, 201)


# Fields.


def resolve(schema: dict) -> dict:
    while "$ref" in schema or len(schema.get("allOf", [])) == 1:
        reference = schema.get("$ref") or schema["allOf"][0].get("$ref")
        schema = {**document()["components"]["schemas"][reference.rpartition("/")[2]], "nullable": nullable(schema)}
    return schema


def nullable(schema: dict) -> bool:
    return schema.get("nullable", False)


def request_schema(operation: dict) -> dict:
    return resolve(operation["requestBody"]["content"]["application/json"]["schema"])


def wrong_values(schema: dict) -> Iterator[object]:
    """Yield values that a field of this schema can't have."""
    kinds = {found.get("type") for found in map(resolve, schema.get("oneOf", [schema]))} - {None}
    kinds |= {"string"} if "enum" in schema and not kinds else set()
    samples = {
        "string": "nonsense \u202e",
        "integer": 10**30,
        "boolean": True,
        "object": {"a": 1},
        "array": [1],
        "number": 1.5,
    }
    yield from (value for kind, value in samples.items() if kind not in kinds)
    if "string" in kinds:
        yield from ("a\x00b", "\ud800")
        if "maxLength" in schema:
            yield "x" * (schema["maxLength"] + 1)
        if "enum" in schema or schema.get("format") in ("email", "date-time", "uri"):
            yield "nonsense"
    if "integer" in kinds:
        yield from ("1", 1.0, 2**63, -(2**63) - 1, 10**400, 1e308)
    if "boolean" in kinds:
        yield from ("true", 1, 0)
    if not any(map(nullable, map(resolve, schema.get("oneOf", [schema])))) and not nullable(schema):
        yield None


@pytest.mark.parametrize(("method", "path", "operation"), named(WRITES))
def test_a_field_of_another_type_is_refused_by_name(method, path, operation, rows, as_alice, untouched):
    for name, schema in request_schema(operation)["properties"].items():
        for value in wrong_values(resolve(schema)):
            raw = json.dumps({name: value}).encode()
            answer = send(as_alice, method, address(path, rows), raw)

            errors = refusal(answer, 400)["errors"]
            assert name in {error["path"] for error in errors}, (name, value, errors)


@pytest.mark.parametrize(("method", "path", "operation"), named(WRITES))
def test_an_unknown_field_is_refused_by_name(method, path, operation, rows, as_alice, untouched):
    for name in ("colour", "", "__class__", "sub_account", "pk", "password_hash", "x" * 10_000):
        answer = send(as_alice, method, address(path, rows), json.dumps({name: 1}).encode())

        assert (name, "unknown_field") in {(error["path"], error["code"]) for error in refusal(answer, 400)["errors"]}


# Addresses.

BAD_IDS = ["1e5", "٣", "-1", "+1", "0x1", "1.0", "9" * 19, "9" * 5000, "\x00", "1\x00", "c" * 26, "C" + "0" * 24, " 1"]


@pytest.mark.parametrize(("method", "path"), [pytest.param(*row, id=" ".join(row)) for row in DETAILS])
def test_a_malformed_or_unknown_id_finds_nothing(method, path, rows, as_alice, untouched):
    unknown = "9" * 18 if str(rows[resource_of(path)].pk).isdigit() else "c" + "0" * 24

    for pk in (*BAD_IDS, unknown):
        answer = send(as_alice, method, path.replace("{id}", quote(pk)), b"{}")

        assert (pk, refusal(answer, 404)["code"]) == (pk, "not_found")


# Query strings.

QUERIES = {
    "page_size=0": "out_of_range",
    "page_size=-1": "out_of_range",
    "page_size=1000000000": "out_of_range",
    "page_size=201": "out_of_range",
    "page_size=%D9%A3": "out_of_range",
    "page_size=1e1": "out_of_range",
    "page_size=": "out_of_range",
    "ordering=nonsense": "invalid_ordering",
    "ordering=sub_account__name": "invalid_ordering",
    "ordering=--id": "invalid_ordering",
    "ordering=": "invalid_ordering",
    "count=yes": "invalid",
    "cursor=": "invalid_cursor",
    "cursor=garbage": "invalid_cursor",
    "cursor=%F0%9F%92%A9:x": "invalid_cursor",
    "cursor=" + "x" * 5000: "invalid_cursor",
    "fields=": "unknown_field",
    "fields=nonsense": "unknown_field",
    "fields=password": "unknown_field",
    "fields=id,,id": "unknown_field",
    "fields=" + "a." * 1000 + "a": "too_deep",
    "include=nonsense": "unknown_include",
    "include=": "unknown_include",
    "include=created_by_admin": "unknown_include",
    "nonsense=1": "unknown_parameter",
    "format=xml": "unknown_parameter",
    "page_size=1&page_size=2": "repeated_parameter",
    "page_size=%00": "invalid_characters",
    "%00=1": "invalid_characters",
    "page_size=%ff": "invalid_encoding",
    "x" * 100_000 + "=1": "unknown_parameter",
    "&".join(f"p{number}=1" for number in range(900)): "unknown_parameter",
}


@pytest.mark.parametrize(("path", "operation"), [pytest.param(*row, id=row[0]) for row in LISTS])
def test_a_malformed_query_is_refused(path, operation, rows, as_alice):
    for query, code in QUERIES.items():
        answer = as_alice.generic("GET", path, QUERY_STRING=query)

        (error,) = refusal(answer, 400)["errors"]
        assert (query, error["code"]) == (query, code)


WRONG = {
    "integer": ["x", "1.5", "1e5", str(2**63), "9" * 5000, "%D9%A3x", "true"],
    "boolean": ["yes", "1", "True", "null"],
    "date-time": ["tomorrow", "2026-13-01T00:00:00Z", "99999-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "1"],
    "string": ["x" * 300],
}


@pytest.mark.parametrize(("path", "operation"), [pytest.param(*row, id=row[0]) for row in LISTS])
def test_a_filter_is_refused_by_name(path, operation, rows, as_alice):
    shared = {"cursor", "page_size", "count", "ordering", "fields", "include"}
    filters = [found for found in operation["parameters"] if found["name"] not in shared and found["in"] == "query"]

    for found in filters:
        schema = found["schema"].get("items", found["schema"])
        wrong = WRONG[schema.get("format") or schema["type"]]
        for value in [*wrong, *([] if found["name"] == "search" else [""])]:
            answer = as_alice.generic("GET", path, QUERY_STRING=f"{found['name']}={value}")

            (error,) = refusal(answer, 400)["errors"]
            assert error["path"] == found["name"], (value, error)


@pytest.mark.parametrize(("path", "operation"), [pytest.param(*row, id=row[0]) for row in LISTS])
def test_a_cursor_of_another_list_is_refused(path, operation, cast, rows, as_alice):
    with system_scope("test"):
        StrategyFactory(regular_user=cast.alice, prompt_template=cast.template)
    following = as_alice.get("/api/v1/strategies/?page_size=1").json()["next"]
    cursor = following.partition("cursor=")[2]

    query = f"cursor={cursor}" + ("&is_active=true" if "strategies" in path else "")
    answer = as_alice.generic("GET", path, QUERY_STRING=query)

    assert refusal(answer, 400)["errors"][0]["code"] == "invalid_cursor"


# Anything at all.


@seed(20261122)
@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(raw=st.binary(max_size=200) | st.text(max_size=100).map(str.encode), content=st.sampled_from(WRITES))
def test_any_bytes_are_answered(raw, content, rows, as_alice):
    method, path, _ = content

    answer = send(as_alice, method, address(path, rows), raw)

    assert answer.status_code in (200, 201) or refusal(answer, 400, 404, 409, 415)


@seed(20261122)
@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(query=st.binary(max_size=60) | st.text(max_size=60).map(str.encode), content=st.sampled_from(LISTS))
def test_any_query_is_answered(query, content, rows, as_alice):
    path, _ = content

    answer = as_alice.generic("GET", path, QUERY_STRING=query.decode("latin-1"))

    assert answer.status_code == 200 or refusal(answer, 400)
