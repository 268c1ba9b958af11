"""What may be forgotten after a time."""

from datetime import timedelta

from django.utils import timezone

from security import throttling
from security.models import AuthAttempt, ConsoleSession, RefreshToken
from tenants.models import IdempotencyKey
from tenants.scope import system_scope

# A client that repeats a write does so within a day.
KEEP_IDEMPOTENCY_KEYS = timedelta(days=1)
KEEP_AUTH_ATTEMPTS = timedelta(days=180)
# Ended sessions stay for a while, for whoever asks what happened.
KEEP_REFRESH_TOKENS = timedelta(days=30)


def prune() -> dict[str, int]:
    """Delete what has outlived its use, in a system scope of its own; return how many rows of each table went."""
    now = timezone.now()
    expired = {
        IdempotencyKey: {"created_at__lt": now - KEEP_IDEMPOTENCY_KEYS},
        AuthAttempt: {"created_at__lt": now - KEEP_AUTH_ATTEMPTS},
        RefreshToken: {"expires_at__lt": now - KEEP_REFRESH_TOKENS},
        ConsoleSession: {"expire_date__lt": now},
    }
    with system_scope("pruning"):
        counts = {
            model._meta.db_table: model._default_manager.filter(**condition).delete()[0]
            for model, condition in expired.items()
        }
        counts["throttle_counters"] = throttling.prune()
    return counts
