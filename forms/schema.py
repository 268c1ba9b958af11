"""What a form's definition must be: the rule of the API and the console."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop as _

from forms.choices import FieldType
from loctelli.shapes import Fault, Shape

WITH_OPTIONS = [FieldType.SELECT, FieldType.MULTISELECT, FieldType.RADIO]
WITH_LENGTH = [FieldType.TEXT, FieldType.TEXTAREA]
WITH_BOUNDS = [FieldType.NUMBER, FieldType.RATING]
TYPED = [FieldType.TEXT, FieldType.TEXTAREA, FieldType.EMAIL, FieldType.PHONE, FieldType.NUMBER, FieldType.URL]


def shown_for(types: list[FieldType]) -> dict[str, list[str]]:
    """Return the form's hint that a property belongs to fields of these types."""
    return {"type": [str(each) for each in types]}


ID = {"type": "string", "minLength": 1, "maxLength": 100}
FIELD = {
    "type": "object",
    "x-summary": ["label", "type"],
    "properties": {
        "label": {"title": _("Label"), "type": "string", "minLength": 1, "maxLength": 500},
        "type": {
            "title": _("Type"),
            "type": "string",
            "enum": FieldType.values,
            "default": FieldType.TEXT.value,
            "x-labels": {str(value): str(label) for value, label in FieldType.choices},
        },
        "id": {
            "title": _("Id"),
            "description": _("The answer's name in what is submitted."),
            "x-from": "label",
            **ID,
        },
        "required": {"title": _("Must be filled in"), "type": "boolean"},
        "placeholder": {
            "title": _("Placeholder"),
            "type": "string",
            "maxLength": 500,
            "x-show": shown_for(TYPED),
        },
        "help": {"title": _("Help"), "type": "string", "maxLength": 1000},
        "options": {
            "title": _("Options"),
            "type": "array",
            "maxItems": 500,
            "x-show": shown_for(WITH_OPTIONS),
            "x-add": _("Add an option"),
            "items": {
                "type": "object",
                "x-layout": "inline",
                "properties": {
                    "label": {"title": _("Option"), "type": "string", "minLength": 1, "maxLength": 500},
                    "value": {
                        "title": _("Stored as"),
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 500,
                        "x-from": "label",
                    },
                },
                "required": ["value", "label"],
            },
        },
        "min_length": {
            "title": _("Characters, at least"),
            "type": "integer",
            "minimum": 0,
            "maximum": 100_000,
            "x-show": shown_for(WITH_LENGTH),
        },
        "max_length": {
            "title": _("Characters, at most"),
            "type": "integer",
            "minimum": 1,
            "maximum": 100_000,
            "x-show": shown_for(WITH_LENGTH),
        },
        "min": {"title": _("At least"), "type": "number", "x-show": shown_for(WITH_BOUNDS)},
        "max": {"title": _("At most"), "type": "number", "x-show": shown_for(WITH_BOUNDS)},
        "show_if": {
            "title": _("Shown only if"),
            "type": "object",
            "x-layout": "inline",
            "properties": {
                "field": {"title": _("Field"), "x-choices": "id", **ID},
                "equals": {"title": _("Is"), "type": ["string", "number", "boolean"]},
                "contains": {"title": _("Or contains"), "type": "string"},
            },
            "required": ["field"],
        },
    },
    "required": ["id", "type", "label"],
}


def check_fields(fields: list[dict[str, Any]]) -> Iterator[Fault]:
    """Yield what can't be within one field, and what can't be between two."""
    ids = [field["id"] for field in fields]
    for number, field in enumerate(fields):
        at = (str(number),)
        if field["id"] in ids[:number]:
            yield Fault((*at, "id"), "duplicate_field", f"Another field has the id {field['id']}.")
        if field["type"] in WITH_OPTIONS and not field.get("options"):
            yield Fault((*at, "options"), "required", "There must be something to choose from.")
        for least, most in (("min_length", "max_length"), ("min", "max")):
            if least in field and most in field and field[most] < field[least]:
                yield Fault((*at, most), "below_least", "Must not be less than the least.")
        condition = field.get("show_if", {})
        if condition and (condition["field"] == field["id"] or condition["field"] not in ids):
            yield Fault((*at, "show_if", "field"), "unknown_field", "Must be the id of another field.")


FORM_SCHEMA = Shape({"type": "array", "maxItems": 200, "x-add": _("Add a field"), "items": FIELD}, check_fields)
