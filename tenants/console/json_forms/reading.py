"""JSON for those who only read it: names and values, in the words of its schema."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from unfold.decorators import display

NAME = "font-semibold text-font-important-light dark:text-font-important-dark"


def as_values(value: Any, schema: Any = None) -> SafeString:
    """Return a value as lists of names and values; secrets only as set or not set."""
    schema = schema if isinstance(schema, Mapping) else {}
    if schema.get("secret"):
        return format_html("{}", _("Set") if value else _("Not set"))
    kind = "array" if isinstance(value, list) else "object"
    schema = next((each for each in schema.get("oneOf", []) if each.get("type") == kind), schema)
    if isinstance(value, dict) and value:
        return format_html('<dl class="flex flex-col gap-2">{}</dl>', _properties(value, schema))
    if isinstance(value, list) and value:
        items = ((as_values(item, schema.get("items")),) for item in value)
        return format_html('<ul class="flex flex-col gap-2">{}</ul>', format_html_join("", "<li>{}</li>", items))
    if isinstance(value, bool):
        return format_html("{}", _("Yes") if value else _("No"))
    if value in (None, "", {}, []):
        return SafeString("–")
    labels = schema.get("x-labels", {})
    return format_html("{}", _(labels[value]) if isinstance(value, str) and value in labels else value)


def _properties(value: dict[str, Any], schema: Mapping[str, Any]) -> SafeString:
    known = schema.get("properties", {})
    names = [*(name for name in known if name in value), *(name for name in value if name not in known)]
    rows = []
    for name in names:
        definition = known.get(name)
        title = definition.get("title") if isinstance(definition, Mapping) else None
        rows.append((NAME, _(title) if title else name, as_values(value[name], definition)))
    return format_html_join("", '<div><dt class="{}">{}</dt><dd class="ml-4">{}</dd></div>', rows)


def reader_of(field: models.Field, read: Callable[[models.Model, str], tuple[Any, Any]]) -> Callable[[Any], SafeString]:
    """Return a read-only column of a JSON field; `read` tells a row's value and its schema."""

    @display(description=field.verbose_name)
    def show(row: models.Model) -> SafeString:
        return as_values(*read(row, field.name))

    return show
