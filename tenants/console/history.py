"""The history of one row: what the audit trail keeps of it, field by field, and what admins did to it by an action."""

import json
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext

from tenants.console.json_forms.reading import as_values
from tenants.trail import about

LONGEST_VALUE = 300
LONGEST_UNFOLDED = 20_000
# Of what takes many lines one asks for more than the first.
FOLDED = '<details><summary class="cursor-pointer text-link">{}</summary>{}</details>'


@dataclass(frozen=True, slots=True)
class Change:
    """One field of an entry, before and after, as text."""

    field: str
    before: str
    after: str


def entries_of(row: models.Model) -> models.QuerySet:
    """Return the audit trail's entries of a row, newest first, and those of very many rows that name it."""
    # By name, for the trail's model stands in a layer above.
    entries = apps.get_model("security.AuditEntry")._default_manager
    return entries.filter(about(row.pk), model=row._meta.label_lower).order_by("-created_at", "-id")


def remarks_on(row: models.Model) -> models.QuerySet:
    """Return the sentences that the console's actions wrote about a row, newest first."""
    content_type = ContentType.objects.get_for_model(type(row))
    remarks = LogEntry.objects.filter(content_type=content_type, object_id=str(row.pk)).exclude(change_message="")
    return remarks.exclude(change_message__startswith="[").select_related("user").order_by("-action_time")


def changes_in(entry: Any, names: dict[Any, str] | None = None) -> list[Change]:
    """Return what changed, in the fields' alphabetical order. What very many rows held before is not recorded.

    `names` keeps what referred rows are called from one entry to the next.
    """
    columns, names = columns_of(entry.model), {} if names is None else names
    return [
        Change(
            capfirst(str(column.verbose_name)) if (column := columns.get(name)) else name,
            "…" if entry.rows > 1 else shown(before, column, names),
            shown(after, column, names),
        )
        for name, (before, after) in sorted(entry.changes.items())
    ]


def columns_of(label: str) -> dict[str, models.Field]:
    """Return a model's columns by the names that the trail knows them by; none of what is no model any more."""
    try:
        fields = apps.get_model(label)._meta.concrete_fields
    except LookupError:
        return {}
    return {name: field for field in fields for name in (field.name, field.attname)}


def shown(value: Any, column: models.Field | None, names: dict[Any, str]) -> str:
    """Return a value as its row's own page calls it; of a reference, the row's name while that is there."""
    if isinstance(column, models.ForeignKey) and value is not None:
        known = (column.related_model, value)
        if known not in names:
            names[known] = name_of(*known)
        return names[known]
    words = dict(column.flatchoices) if column is not None else {}
    if isinstance(value, str) and value in words:
        return str(words[value])
    if not isinstance(value, bool | dict | list) or len(json.dumps(value)) > LONGEST_UNFOLDED:
        return text_of(value)
    shape = getattr(column, "shape", None)
    told = as_values(value, shape and shape.schema)
    return told if len(told) < LONGEST_VALUE * 3 else format_html(FOLDED, gettext("Show"), told)


def name_of(model: type[models.Model], key: Any) -> str:
    found = model._base_manager.filter(pk=key).first()
    return gettext("No. %(number)s") % {"number": key} if found is None else str(found)


def text_of(value: Any) -> str:
    """Return a value as text of a bearable length; a dash for none."""
    if value is None:
        return "–"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
