"""Storms: many small refusals that are one attack."""

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from security import incidents
from security.choices import AccountType, IncidentType, Severity
from security.models import AuthAttempt


def look_for_lockout_storm(*, account_type: AccountType, email: str, ip_address: str) -> None:
    """Report it when many accounts fail from this address, or this account from many addresses; in the system scope.

    Asked after a failed sign-in; looks at INCIDENT_WINDOW_SECONDS and reports from LOCKOUT_STORM_THRESHOLD on.
    """
    since = timezone.now() - timedelta(seconds=settings.INCIDENT_WINDOW_SECONDS)
    failed = AuthAttempt.objects.filter(success=False, created_at__gte=since)
    accounts = _different(failed.filter(ip_address=ip_address), "email")
    if accounts >= settings.LOCKOUT_STORM_THRESHOLD:
        incidents.report(
            IncidentType.LOCKOUT_STORM,
            severity=Severity.HIGH,
            description="Sign-in failed for many accounts from one address.",
            metadata={"address": ip_address, "accounts": accounts},
        )
    addresses = _different(failed.filter(email=email, account_type=account_type), "ip_address")
    if addresses >= settings.LOCKOUT_STORM_THRESHOLD:
        incidents.report(
            IncidentType.LOCKOUT_STORM,
            severity=Severity.HIGH,
            description="Sign-in failed for one account from many addresses.",
            metadata={"email": email, "account_type": str(account_type), "addresses": addresses},
        )


def _different(attempts: QuerySet, column: str) -> int:
    """Count the values of a column, no further than it takes to call it a storm."""
    return len(attempts.values_list(column, flat=True).distinct()[: settings.LOCKOUT_STORM_THRESHOLD])
