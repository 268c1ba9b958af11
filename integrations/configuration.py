"""Configurations of integrations, and the JSON Schemas of the services they are held against."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import jsonschema_rs

from loctelli.errors import InvalidRequest
from loctelli.shapes import MOST_FAULTS, RULES, find_faults
from security.config_secrets import SecretUnreachable, secret_paths

FIELD = "config"
DEEPEST = 32
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
DRAFTS = {
    "http://json-schema.org/draft-04/schema",
    "http://json-schema.org/draft-06/schema",
    "http://json-schema.org/draft-07/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
}


class InvalidSchema(ValueError):
    """A service's JSON Schema that configurations can't be held against; the message says where and why."""


def validate_config(config: Mapping[str, Any], schema: dict[str, Any]) -> None:
    """Raise InvalidRequest naming the path of every value the schema refuses, such as "config.oauth.clientId".

    An item of a list is named by its number, as in "config.events.0". Errors past the hundredth are left out.
    """
    validator = jsonschema_rs.validator_for(schema, **RULES)
    errors = [
        {"path": ".".join((FIELD, *fault.path)), "code": fault.code, "detail": fault.detail}
        for fault in islice(find_faults(validator, config), MOST_FAULTS)
    ]
    if errors:
        raise InvalidRequest(errors=errors)


def validate_schema(schema: Any) -> None:
    """Raise InvalidSchema, in a sentence for whoever wrote it, unless configurations can be held against the schema."""
    if not isinstance(schema, dict) or schema.get("type", "object") != "object":
        raise InvalidSchema("Must be the JSON Schema of an object.")
    for path, node in _nodes(schema):
        if len(path) > DEEPEST:
            raise InvalidSchema(f"Is nested more than {DEEPEST} levels deep.")
        # Any other would be fetched.
        draft = node.get("$schema")
        if isinstance(draft, str) and draft.removesuffix("#") not in DRAFTS:
            raise InvalidSchema(f'{_at(path)}"$schema" names no published draft of JSON Schema.')
        for keyword in REFERENCES:
            if isinstance(node.get(keyword), str) and not node[keyword].startswith("#"):
                raise InvalidSchema(
                    f'{_at(path)}"{keyword}" leads to another document: only references within this one ("#/…") are '
                    "followed."
                )
        _check_mark(path, node)
    try:
        jsonschema_rs.meta.validate(schema)
        jsonschema_rs.validator_for(schema, **RULES)
        secret_paths(schema)
    except jsonschema_rs.ValidationError as error:
        raise InvalidSchema(_complaint(error)) from error
    except (SecretUnreachable, ValueError) as error:
        raise InvalidSchema(str(error)) from error


def _check_mark(path: tuple[str, ...], node: Mapping[str, Any]) -> None:
    """Refuse a "secret" that is neither true nor false, which would hide nothing, and one on anything but text."""
    mark = node.get("secret")
    if path[-1:] == ("properties",) or mark is None or isinstance(mark, Mapping):
        return  # a property of that name
    if not isinstance(mark, bool):
        raise InvalidSchema(f'{_at(path)}"secret" must be true or false.')
    if mark and node.get("type", "string") != "string":
        raise InvalidSchema(f'{_at(path)}A secret must be of type "string".')


def _nodes(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield every object of a schema with its path."""
    pending: list[tuple[tuple[str, ...], Any]] = [((), schema)]
    while pending:
        path, node = pending.pop()
        if isinstance(node, Mapping):
            yield path, node
            pending += [((*path, str(name)), child) for name, child in node.items()]
        elif isinstance(node, list):
            pending += [((*path, str(number)), child) for number, child in enumerate(node)]


def _complaint(error: jsonschema_rs.ValidationError) -> str:
    where = _at(tuple(map(str, error.instance_path)))
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Format) and error.kind.format == "regex":
        return (
            f"{where}The pattern is no regular expression that is sure to end soon: it is malformed or too large, or "
            "looks around or back."
        )
    return f"{where}{error.message}"


def _at(path: tuple[str, ...]) -> str:
    return f"{'.'.join(path)}: " if path else ""
