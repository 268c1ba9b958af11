"""What of a sub-account goes into its archive, and in which order its tables are emptied."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models

from integrations.models import Integration
from security.keys import EncryptionError
from security.models import ConversationMessage
from tenants.deletion import references_to

# Tables of a sub-account that its archive leaves out, each with its reason. They are emptied all the same.
LEFT_OUT = {
    "tenants.IdempotencyKey": "answers to writes that a client may repeat, kept for a day",
    "security.DataKey": "what the conversations are encrypted with: the archive holds them decrypted",
    "crm.DailyCount": "figures of what the archive holds",
    "crm.SubAccountCount": "figures of what the archive holds",
}
# What belongs to admins, who have chosen a sub-account to look at.
OF_ADMINS = ("security.ConsolePreference",)
# What outlives the sub-account, for whoever asks what happened: it is archived, and stays.
KEPT = ("security.SecurityIncident", "security.AuditEntry")
# Columns that no archive holds: secrets, and how others are stored.
SECRET_COLUMNS = {
    "accounts.User": {"password"},
    "tenants.SubAccountInvitation": {"password", "code"},
    "security.ConversationMessage": {"encrypted_content", "salt", "iv", "integrity_hash"},
    "integrations.Integration": {"webhook_secret"},
}


def tables_of_sub_accounts() -> list[type[models.Model]]:
    """Return the models whose rows belong to sub-accounts, those that refer to others before these."""
    found = [
        model
        for model in apps.get_models()
        if any(field.attname == "sub_account_id" for field in model._meta.concrete_fields)
        and model._meta.app_label != "offboarding"
        and model._meta.label not in OF_ADMINS
    ]
    ordered: list[type[models.Model]] = []
    while len(ordered) < len(found):
        left = [model for model in found if model not in ordered]
        free = [model for model in left if not any(_is_referred_to_by(model, other) for other in left)]
        ordered += sorted(free or left, key=lambda model: model._meta.label)
    return ordered


def _is_referred_to_by(model: type[models.Model], other: type[models.Model]) -> bool:
    return other is not model and any(reference.model is other for reference in references_to(model))


def archived_models() -> list[type[models.Model]]:
    """Return the models whose rows are archived, in the order in which they are removed."""
    return [model for model in tables_of_sub_accounts() if model._meta.label not in LEFT_OUT]


def rows_of(model: type[models.Model], sub_account_id: int) -> models.QuerySet:
    """Return the rows of a sub-account, in the bound system scope."""
    return model._base_manager.filter(sub_account_id=sub_account_id)


def readable(rows: models.QuerySet) -> models.QuerySet:
    """Return rows with what it takes to read them: which of an integration's values are secrets says its template."""
    return rows.select_related("integration_template") if rows.model is Integration else rows


def row_as_archived(row: models.Model) -> dict[str, Any]:
    """Return a row as its line in the archive: decrypted, without secrets; what doesn't decrypt is named."""
    hidden = SECRET_COLUMNS.get(row._meta.label, set())
    values: dict[str, Any] = {}
    unreadable = []
    for name, read in _columns(row):
        if name in hidden:
            continue
        try:
            values[name] = read()
        except EncryptionError:
            values[name] = None
            unreadable.append(name)
    return {**values, "unreadable": unreadable} if unreadable else values


def _columns(row: models.Model) -> Iterator[tuple[str, Any]]:
    for field in row._meta.concrete_fields:
        if field.generated:
            continue
        if isinstance(row, Integration) and field.name == "config":
            yield field.attname, lambda: row.masked_config
        else:
            # An encrypted field's own name reads it decrypted.
            name = field.name if hasattr(field, "holds") else field.attname
            yield name, lambda name=name: getattr(row, name)
    if isinstance(row, ConversationMessage):
        yield "content", lambda: row.content
