"""What may be forgotten after a time."""

from collections import Counter
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.devices import DEVICE_LIFETIME
from accounts.kinds import MODELS
from security import throttling
from security.choices import AccountType
from security.models import (
    AccountLockout,
    AuditEntry,
    AuthAttempt,
    ConsoleSession,
    KnownDevice,
    PasswordHistory,
    RefreshToken,
)
from tenants.models import BackgroundAction, IdempotencyKey
from tenants.scope import system_scope


def prune(*, dry_run: bool = False) -> dict[str, int]:
    """Delete what has outlived its use, in a system scope of its own; return how many rows of each table went.

    With `dry_run` nothing goes, and the numbers are those of what would.
    """
    with system_scope("pruning"):
        counts: Counter[str] = Counter()
        for rows in outlived(timezone.now()):
            counts[rows.model._meta.db_table] += rows.count() if dry_run else rows.delete()[0]
        if not dry_run:
            # Of counts whose windows are over, nobody asks how many there are.
            counts["throttle_counters"] = throttling.prune()
    return counts


def outlived(now: datetime) -> list[QuerySet]:
    """Return the rows of each table that have outlived their use, in the bound system scope."""
    attempts, idempotency_keys, sessions, lockouts, entries = (
        now - timedelta(days=days)
        for days in (
            settings.KEEP_AUTH_ATTEMPTS_DAYS,
            settings.KEEP_IDEMPOTENCY_KEYS_DAYS,
            settings.KEEP_SESSIONS_DAYS,
            settings.KEEP_LOCKOUTS_DAYS,
            settings.KEEP_AUDIT_ENTRIES_DAYS,
        )
    )
    # A token that was used is needed while its session may go on: to find that it comes again.
    ended = Q(expires_at__lt=sessions) | Q(rotated_at__isnull=False, session_expires_at__lt=now)
    return [
        IdempotencyKey._default_manager.filter(created_at__lt=idempotency_keys),
        AuthAttempt.objects.filter(created_at__lt=attempts),
        RefreshToken.objects.filter(ended),
        KnownDevice.objects.filter(last_used_at__lt=now - DEVICE_LIFETIME),
        AccountLockout.objects.filter(last_attempt_at__lt=lockouts).exclude(locked_until__gt=now),
        ConsoleSession.objects.filter(expire_date__lt=now),
        *map(passwords_of_nobody, MODELS),
        BackgroundAction.objects.filter(created_at__lt=sessions, finished_at__isnull=False),
        # PostgreSQL lets nobody delete one younger than 90 days, whatever the setting says.
        AuditEntry.objects.filter(created_at__lt=entries),
    ]


def passwords_of_nobody(kind: AccountType) -> QuerySet:
    """Return the former passwords of accounts that were deleted, which no foreign key takes along."""
    kept = MODELS[kind].objects.filter(pk=OuterRef("user_id"))
    return PasswordHistory.objects.filter(~Exists(kept), account_type=kind)
