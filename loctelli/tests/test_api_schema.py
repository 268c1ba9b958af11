"""What the conventions say of themselves in the OpenAPI document."""

import pytest
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from loctelli.errors import DomainError
from loctelli.tests.api_world import FINDING_BY_BODY, is_idempotent

METHODS = {"get", "post", "patch", "delete"}


LOGIN = ("post", "/api/v1/auth/login/")


@pytest.fixture(scope="module")
def document() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


def operations(document: dict) -> dict[tuple[str, str], dict]:
    return {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS and (method, path) != LOGIN
    }


def test_the_document_is_valid_and_writing_it_warns_of_nothing(document, capsys):
    validate_schema(document)

    assert capsys.readouterr().err == ""


def test_every_operation_has_every_error_it_can_answer_with(document):
    for (method, path), operation in operations(document).items():
        expected = {"400", "401", "403", "405", "429", "503"}
        expected |= {"404"} if "{" in path or path in FINDING_BY_BODY else set()
        expected |= {"409", "413"} if method != "get" else set()
        expected |= {"422"} if is_idempotent(method, path) else set()
        expected |= {"411", "415"} if method in ("post", "patch") else set()

        assert {status for status in operation["responses"] if status >= "400"} == expected


def test_signing_in_needs_no_token_and_says_how_it_fails(document):
    operation = document["paths"][LOGIN[1]]["post"]

    assert operation.get("security", []) in ([], [{}])
    assert {"200", "400", "401", "429", "503"} <= set(operation["responses"])


def test_writes_take_an_idempotency_key(document):
    for (method, path), operation in operations(document).items():
        names = [parameter["name"] for parameter in operation.get("parameters", [])]

        assert ("Idempotency-Key" in names) == is_idempotent(method, path)


def test_no_answer_requires_a_field_that_may_be_left_out(document):
    lead = document["components"]["schemas"]["Lead"]

    assert "required" not in lead
    assert lead["properties"]["bookings"]["items"] == {"$ref": "#/components/schemas/Booking"}
    assert lead["properties"]["strategy"]["allOf"] == [{"$ref": "#/components/schemas/Strategy"}]


def test_a_request_names_what_it_requires_and_takes_nothing_else(document):
    schemas = document["components"]["schemas"]

    assert schemas["LeadRequest"]["required"] == ["name", "regular_user_id", "strategy_id"]
    assert schemas["LeadRequest"]["additionalProperties"] is False
    assert "message_history" in schemas["LeadRequest"]["properties"]
    assert "message_history" not in schemas["PatchedLeadRequest"]["properties"]
    assert "created_at" not in schemas["LeadRequest"]["properties"]


def test_the_error_component_lists_every_code_there_is(document):
    codes = set(document["components"]["schemas"]["Error"]["properties"]["code"]["enum"])

    assert {"validation_error", "too_deep", "still_referenced", "idempotency_key_reused", "not_found"} <= codes
    assert {error.code for error in DomainError.__subclasses__()} <= codes


def test_lists_say_how_they_are_searched_filtered_and_ordered(document):
    found = {
        parameter["name"]: parameter["schema"] for parameter in document["paths"]["/api/v1/leads/"]["get"]["parameters"]
    }

    assert found["ordering"]["enum"][:2] == ["id", "-id"]
    assert found["email__isnull"] == {"type": "boolean"}
    assert found["created_at__gte"] == {"type": "string", "format": "date-time"}
    assert "bookings.lead" in found["include"]["items"]["enum"]
    assert "sub_account.name" in found["fields"]["items"]["enum"]
    assert {"cursor", "page_size", "count", "search"} <= set(found)
