"""Incidents: written down once for the same thing in a while, told by e-mail when they are bad enough, and resolved."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import connection
from django.utils import timezone

from security.choices import IncidentType, Severity
from security.models import SecurityIncident
from tenants.scope import after_scope, system_scope

SEVERITIES = list(Severity)
# How many different values of each piece of metadata a repeated incident keeps.
KEPT_VALUES = 20


class Resolver(Protocol):
    """Who resolves an incident: a platform admin."""

    email: str


@dataclass(frozen=True, slots=True)
class Report:
    """What happened, as it was told."""

    type: IncidentType
    severity: Severity
    description: str
    sub_account_id: int | None = None
    user_id: int | None = None
    lead_id: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> dict[str, Any]:
        """What makes two reports one incident: metadata, which a stranger may vary, is no part of it."""
        names = ("type", "description", "sub_account_id", "user_id", "lead_id")
        return {name: getattr(self, name) for name in names}


def report(
    type: IncidentType,
    *,
    severity: Severity,
    description: str,
    sub_account_id: int | None = None,
    user_id: int | None = None,
    lead_id: int | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write an incident down, in a system scope of its own once the bound one has ended: a rollback doesn't undo it.

    `description` is the same sentence for the same kind of thing; what differs from case to case goes into `metadata`.
    The same report again within INCIDENT_WINDOW_SECONDS is counted in the row that is there.
    """
    told = Report(type, severity, description, sub_account_id, user_id, lead_id, metadata or {})
    after_scope(lambda: _write(told))


def resolve(incident: SecurityIncident, *, by: Resolver, note: str = "") -> bool:
    """Resolve an incident, with a note on what was found; return whether it was still unresolved."""
    locked = SecurityIncident.objects.select_for_update(no_key=True).get(pk=incident.pk)
    if locked.resolved:
        return False
    locked.resolved, locked.resolved_at, locked.resolved_by = True, timezone.now(), by.email
    if note:
        locked.metadata = {**(locked.metadata or {}), "note": note}
    locked.save(update_fields=["resolved", "resolved_at", "resolved_by", "metadata"])
    return True


def _write(told: Report) -> None:
    with system_scope("an incident"):
        _lock(told)
        since = timezone.now() - timedelta(seconds=settings.INCIDENT_WINDOW_SECONDS)
        same = SecurityIncident.objects.filter(**told.identity, resolved=False, created_at__gte=since)
        known = same.order_by("-created_at").first()
        if known is None:
            created = SecurityIncident.objects.create(
                **told.identity, severity=told.severity, metadata={**told.metadata, "count": 1}
            )
            _alert(created)
        else:
            _count(known, told)


def _lock(told: Report) -> None:
    """Wait for whoever writes the same incident down at this moment."""
    digest = hashlib.sha256(repr(sorted(told.identity.items())).encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], signed=True)])


def _count(known: SecurityIncident, told: Report) -> None:
    """Count a repetition, keeping what is new about it and the worst severity."""
    metadata = dict(known.metadata or {})
    metadata["count"] = metadata.get("count", 1) + 1
    metadata["last_at"] = timezone.now().isoformat().replace("+00:00", "Z")
    others = metadata.setdefault("others", {})
    for name, value in told.metadata.items():
        seen = others.get(name, [])
        if value != metadata.get(name) and value not in seen and len(seen) < KEPT_VALUES:
            others[name] = [*seen, value]
    worse = SEVERITIES.index(told.severity) > SEVERITIES.index(Severity(known.severity))
    known.metadata = metadata
    known.severity = told.severity if worse else known.severity
    known.save(update_fields=["metadata", "severity"])
    if worse:
        _alert(known)


def _alert(incident: SecurityIncident) -> None:
    """Have the incident told by e-mail if it is bad enough; a repetition is told only when it is worse."""
    # Imported here: jobs import this module.
    from security.jobs import send_incident_alert

    threshold = SEVERITIES.index(Severity(settings.INCIDENT_ALERT_SEVERITY))
    if settings.INCIDENT_ALERT_EMAILS and SEVERITIES.index(Severity(incident.severity)) >= threshold:
        send_incident_alert.defer(incident_id=incident.pk)
