"""Configurations of integrations, held against their template's JSON Schema."""

import re
from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from loctelli.errors import InvalidRequest
from security.config_secrets import secret_paths
from security.encryption import PREFIX
from security.fields import PlaintextRefused

FIELD = "config"


def validate_config(config: Mapping[str, Any], schema: dict[str, Any]) -> None:
    """Raise InvalidRequest naming the path of every value the schema refuses, such as "config.locationId".

    Values are left out of the messages, for some are secrets; references to other documents are never fetched.
    """
    validator = jsonschema_rs.validator_for(schema, validate_formats=True, mask="The value", offline=True)
    errors = [
        {"path": path, "code": _code(error), "detail": error.message}
        for error in validator.iter_errors(config)
        for path in _paths(error)
    ]
    if errors:
        raise InvalidRequest(errors=errors)


def _code(error: jsonschema_rs.ValidationError) -> str:
    """Return the keyword that was broken as the API writes codes: "additional_properties"."""
    return re.sub(r"[A-Z]", lambda capital: f"_{capital[0].lower()}", error.kind.name)


def _paths(error: jsonschema_rs.ValidationError) -> list[str]:
    """Return the paths an error is about: a missing or superfluous property is named itself, not its object."""
    path = [FIELD, *map(str, error.instance_path)]
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.Required():
            names = [error.kind.property]
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties():
            names = list(error.kind.unexpected)
        case _:
            return [".".join(path)]
    return [".".join([*path, name]) for name in names]


def refuse_plaintext(config: Any, schema: Mapping[str, Any]) -> None:
    """Raise PlaintextRefused when a property the schema marks secret is not ciphertext."""
    for path in secret_paths(schema):
        value = config
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is not None and not (isinstance(value, str) and value.startswith(PREFIX)):
            raise PlaintextRefused(f"{FIELD}.{'.'.join(path)} is a secret: set it with Integration.configure().")
