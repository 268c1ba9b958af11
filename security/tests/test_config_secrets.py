import json

import pytest

from security.config_secrets import (
    CiphertextGiven,
    Place,
    SecretNotText,
    SecretUnreachable,
    mask_secrets,
    seal_secrets,
    secret_paths,
    unseal_secrets,
)
from security.encryption import DecryptionFailed
from tenants.scope import tenant_scope

SCHEMA = {
    "type": "object",
    "properties": {
        "apiKey": {"type": "string", "secret": True},
        "locationId": {"type": "string"},
        "oauth": {
            "type": "object",
            "properties": {"clientSecret": {"type": "string", "secret": True}, "scope": {"type": "string"}},
        },
    },
}
CONFIG = {"apiKey": "pit-1", "locationId": "loc", "oauth": {"clientSecret": "cs-1", "scope": "read"}}


@pytest.fixture
def place(acme) -> Place:
    return Place(acme.pk, "integrations", 5)


@pytest.fixture
def bound(db, acme):
    with tenant_scope(acme.pk):
        yield


def test_secrets_are_found_in_nested_objects_too():
    assert secret_paths(SCHEMA) == [("apiKey",), ("oauth", "clientSecret")]


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"keys": {"type": "array", "items": {"type": "string", "secret": True}}}},
        {"anyOf": [{"properties": {"key": {"secret": True}}}]},
        {"secret": True},
    ],
)
def test_a_secret_marked_where_it_could_not_be_found_is_refused(schema):
    with pytest.raises(SecretUnreachable):
        secret_paths(schema)


def test_secrets_are_encrypted_where_they_stand_and_come_back(bound, place):
    stored = seal_secrets(CONFIG, SCHEMA, place=place)

    assert stored["locationId"] == "loc"
    assert stored["oauth"]["scope"] == "read"
    assert stored["apiKey"].startswith("enc:v1:")
    assert "pit-1" not in json.dumps(stored)
    assert "cs-1" not in json.dumps(stored)
    assert unseal_secrets(stored, SCHEMA, place=place) == CONFIG
    assert CONFIG["apiKey"] == "pit-1"


def test_the_mask_says_what_is_set(bound, place):
    stored = seal_secrets({"apiKey": "pit-1", "oauth": {}}, SCHEMA, place=place)

    assert mask_secrets(stored, SCHEMA) == {"apiKey": {"set": True}, "oauth": {"clientSecret": None}}


def test_a_mask_given_back_or_a_secret_left_out_keeps_what_is_stored(bound, place):
    stored = seal_secrets(CONFIG, SCHEMA, place=place)

    masked = seal_secrets(mask_secrets(stored, SCHEMA), SCHEMA, place=place, stored=stored)
    left_out = seal_secrets({"locationId": "moved"}, SCHEMA, place=place, stored=stored)

    assert masked == stored
    assert unseal_secrets(left_out, SCHEMA, place=place) == {
        "apiKey": "pit-1",
        "locationId": "moved",
        "oauth": {"clientSecret": "cs-1"},
    }


def test_a_mask_without_anything_stored_sets_nothing(bound, place):
    assert seal_secrets({"apiKey": {"set": True}}, SCHEMA, place=place) == {}


def test_null_removes_and_text_replaces(bound, place):
    stored = seal_secrets(CONFIG, SCHEMA, place=place)

    changed = seal_secrets({"apiKey": None, "oauth": {"clientSecret": "cs-2"}}, SCHEMA, place=place, stored=stored)

    assert unseal_secrets(changed, SCHEMA, place=place) == {"oauth": {"clientSecret": "cs-2"}}


def test_ciphertext_from_outside_is_text(bound, place):
    stored = seal_secrets(CONFIG, SCHEMA, place=place)
    planted = {"apiKey": stored["oauth"]["clientSecret"]}

    result = seal_secrets(planted, SCHEMA, place=place)

    assert unseal_secrets(result, SCHEMA, place=place) == planted


def test_a_secret_swapped_with_another_does_not_open(bound, place):
    stored = seal_secrets(CONFIG, SCHEMA, place=place)
    stored["apiKey"] = stored["oauth"]["clientSecret"]

    with pytest.raises(DecryptionFailed):
        unseal_secrets(stored, SCHEMA, place=place)


def test_a_value_stored_before_it_was_a_secret_is_encrypted_by_the_next_write(bound, place):
    result = seal_secrets({}, SCHEMA, place=place, stored={"apiKey": "from earlier"})

    assert result["apiKey"].startswith("enc:v1:")
    assert unseal_secrets(result, SCHEMA, place=place) == {"apiKey": "from earlier"}


def test_a_secret_must_be_text(bound, place):
    with pytest.raises(SecretNotText) as refused:
        seal_secrets({"oauth": {"clientSecret": 5}}, SCHEMA, place=place)

    assert refused.value.path == "oauth.clientSecret"


@pytest.mark.parametrize(
    ("config", "path"),
    [({"locationId": "enc:v1:planted"}, "locationId"), ({"oauth": {"scope": "enc:v1:planted"}}, "oauth.scope")],
)
def test_text_that_looks_like_ciphertext_has_no_place_where_nothing_is_secret(bound, place, config, path):
    with pytest.raises(CiphertextGiven) as refused:
        seal_secrets(config, SCHEMA, place=place)

    assert refused.value.path == path


def test_an_object_of_the_wrong_type_is_left_to_the_schema(bound, place):
    assert seal_secrets({"oauth": 5}, SCHEMA, place=place) == {"oauth": 5}
