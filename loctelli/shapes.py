"""Shapes of JSON columns: a JSON Schema and rules beyond it, to which the API and the console's forms hold alike."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

import jsonschema_rs
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loctelli.timezones import timezone_names

MOST_FAULTS = 100
# Formats are held to; no document is fetched; patterns run on an engine whose time grows with the text alone, whatever
# the pattern. Values are left out of the messages, for some are secrets.
RULES: dict[str, Any] = {
    "validate_formats": True,
    "formats": {"timezone": lambda name: name in timezone_names()},
    "offline": True,
    "pattern_options": jsonschema_rs.RegexOptions(),
    "mask": "The value",
}
# A time of day, for the format "time" wants seconds and a zone.
TIME_OF_DAY = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "x-input": "time"}
TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


class Fault(NamedTuple):
    """One thing that is wrong with a value, and where: ("weekly", "monday", "0", "end")."""

    path: tuple[str, ...]
    code: str
    detail: str


class Shape:
    """What a JSON column holds. What the schema doesn't name is kept unless it says otherwise.

    `schema` may begin with "oneOf", whose alternatives then differ in their `type`. Keywords that begin with "x-" are
    hints for the console's forms (see json_form/form.js). Each rule yields faults of a value that fits the schema.
    """

    def __init__(self, schema: dict[str, Any], *rules: Callable[[Any], Iterable[Fault]]) -> None:
        self.schema, self.rules = schema, rules

    @cached_property
    def _alternatives(self) -> dict[str, jsonschema_rs.Validator]:
        schemas = self.schema.get("oneOf", [self.schema])
        return {schema["type"]: jsonschema_rs.validator_for(schema, **RULES) for schema in schemas}

    def faults(self, value: Any) -> list[Fault]:
        """Return what is wrong with a value, at most a hundred things."""
        validator = self._alternatives.get(TYPES.get(type(value), "null")) or next(iter(self._alternatives.values()))
        found = list(islice(find_faults(validator, value), MOST_FAULTS))
        return found or [fault for rule in self.rules for fault in rule(value)][:MOST_FAULTS]


def find_faults(validator: jsonschema_rs.Validator, value: Any) -> Iterator[Fault]:
    """Yield what a schema refuses; a missing or superfluous property is named itself, not its object."""
    for error in validator.iter_errors(value):
        path = tuple(map(str, error.instance_path))
        code = re.sub(r"[A-Z]", lambda capital: f"_{capital[0].lower()}", error.kind.name)
        for name in _properties_at_fault(error):
            yield Fault((*path, *name), code, _sentence(error))


def _properties_at_fault(error: jsonschema_rs.ValidationError) -> list[tuple[str, ...]]:
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.Required():
            return [(error.kind.property,)]
        case (
            jsonschema_rs.ValidationErrorKind.AdditionalProperties()
            | jsonschema_rs.ValidationErrorKind.UnevaluatedProperties()
        ):
            return [(name,) for name in error.kind.unexpected]
        case jsonschema_rs.ValidationErrorKind.PropertyNames():
            return [(str(error.kind.error.instance),)]
        case _:
            return [()]


WORDS = {
    "array": _("a list"),
    "boolean": _("true or false"),
    "integer": _("a whole number"),
    "null": _("empty"),
    "number": _("a number"),
    "object": _("an object"),
    "string": _("text"),
}
FORMATS = {
    "date": _("a date, as 2027-01-31"),
    "date-time": _("a date and time, as 2027-01-31T10:00:00Z"),
    "email": _("an e-mail address"),
    "timezone": _("an IANA time zone, such as Europe/Berlin"),
    "uri": _("a web address, such as https://example.com/"),
}


def _sentence(error: jsonschema_rs.ValidationError) -> str:
    """Return what is wrong as a person would say it; the library's own words where we have none."""
    kind = error.kind
    match kind:
        case jsonschema_rs.ValidationErrorKind.Required():
            return gettext("This is required.")
        case (
            jsonschema_rs.ValidationErrorKind.AdditionalProperties()
            | jsonschema_rs.ValidationErrorKind.UnevaluatedProperties()
        ):
            return gettext("There is no such property.")
        case jsonschema_rs.ValidationErrorKind.Type():
            types = gettext(" or ").join(str(WORDS[name]) for name in kind.types)
            return gettext("Must be %(what)s.") % {"what": types}
        case jsonschema_rs.ValidationErrorKind.Format() if kind.format in FORMATS:
            return gettext("Must be %(what)s.") % {"what": FORMATS[kind.format]}
        case jsonschema_rs.ValidationErrorKind.Pattern() if kind.pattern == TIME_OF_DAY["pattern"]:
            return gettext("Must be a time of day, as 09:30.")
        case jsonschema_rs.ValidationErrorKind.Minimum():
            return gettext("Must be %(limit)s or more.") % {"limit": kind.limit}
        case jsonschema_rs.ValidationErrorKind.Maximum():
            return gettext("Must be %(limit)s or less.") % {"limit": kind.limit}
        case jsonschema_rs.ValidationErrorKind.MinLength() if kind.limit == 1:
            return gettext("Must not be empty.")
        case jsonschema_rs.ValidationErrorKind.UniqueItems():
            return gettext("The same value stands here twice.")
        case _:
            return f"{error.message}."


def nested(faults: Iterable[Fault], leaf: Callable[[Fault], Any], own: str) -> Any:
    """Return faults as the tree of their paths; `own` is the key of a node's own faults beside its children's."""
    tree: dict[str, Any] = {}
    for fault in faults:
        node = tree
        for name in fault.path:
            node = node.setdefault(name, {})
        node.setdefault(own, []).append(leaf(fault))
    return tree


def openapi(schema: Any) -> Any:
    """Return a schema as OpenAPI 3.0 writes it: without hints, and with `nullable` for the type null."""
    if isinstance(schema, list):
        return [openapi(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    result = {key: openapi(value) for key, value in schema.items() if not key.startswith("x-")}
    if isinstance(result.get("type"), list):
        first, *others = [name for name in result.pop("type") if name != "null"]
        result |= {"oneOf": [{"type": name} for name in (first, *others)]} if others else {"type": first}
        if "null" in schema["type"]:
            result["nullable"] = True
    return result
