"""The history of one row: what the audit trail keeps of it, field by field, and what admins did to it by an action."""

import json
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models

from tenants.trail import about

LONGEST_VALUE = 300


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


def changes_in(entry: Any) -> list[Change]:
    """Return what changed, in the fields' alphabetical order. What very many rows held before is not recorded."""
    return [
        Change(name, "…" if entry.rows > 1 else text_of(before), text_of(after))
        for name, (before, after) in sorted(entry.changes.items())
    ]


def text_of(value: Any) -> str:
    """Return a value as text of a bearable length; a dash for none."""
    if value is None:
        return "–"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
