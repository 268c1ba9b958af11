"""What the audit trail holds, oldest first."""

from security.models import AuditEntry
from tenants.scope import system_scope


def entries(model: str = "crm.lead", **conditions) -> list[AuditEntry]:
    with system_scope("test"):
        return list(AuditEntry.objects.filter(model=model, **conditions).order_by("created_at", "sub_account_id", "id"))


def changes(model: str = "crm.lead", action: str = "update", **conditions) -> list[dict]:
    return [entry.changes for entry in entries(model, action=action, **conditions)]
