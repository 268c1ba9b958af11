"""Lockouts: five guesses, then one after each wait, and every wait is twice the one before.

A guess is counted before its password is compared, by one statement: of a thousand guesses at once, however many
processes take them, five are compared. A sign-in that succeeds takes its count back.
"""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.kinds import MODELS
from loctelli.database.fields import cuid, normalize_email
from security.choices import AccountType
from security.models import AccountLockout, KnownDevice

FREE_GUESSES = 5
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
# Past so long a rest the count begins anew.
FORGOTTEN_AFTER = timedelta(days=1)

# What one more guess makes of a count, and until when it locks.
COUNTED = (
    "CASE WHEN {row}.last_attempt_at < %(now)s - %(forgotten)s THEN 1 ELSE least({row}.failed_attempts, 1000) + 1 END"
)
LOCKED_UNTIL = f"""
    CASE WHEN ({COUNTED}) >= %(free)s
    THEN %(now)s + least(%(longest)s, %(first)s * power(2, least(({COUNTED}) - %(free)s, 20))) END
"""
NOT_LOCKED = "({row}.locked_until IS NULL OR {row}.locked_until <= %(now)s)"

GUESS_AT_ACCOUNT = f"""
    INSERT INTO account_lockouts AS lockout (id, email, account_type, failed_attempts, last_attempt_at)
    VALUES (%(id)s, %(email)s, %(kind)s, 1, %(now)s)
    ON CONFLICT (email, account_type) DO UPDATE SET
        failed_attempts = {COUNTED.format(row="lockout")}, locked_until = {LOCKED_UNTIL.format(row="lockout")},
        last_attempt_at = %(now)s, updated_at = %(now)s
    WHERE {NOT_LOCKED.format(row="lockout")}
    RETURNING failed_attempts
"""
GUESS_FROM_DEVICE = f"""
    UPDATE known_devices AS device SET
        failed_attempts = {COUNTED.format(row="device")}, locked_until = {LOCKED_UNTIL.format(row="device")},
        last_attempt_at = %(now)s
    WHERE id = %(id)s AND {NOT_LOCKED.format(row="device")}
    RETURNING failed_attempts
"""


def count_guess(kind: AccountType, email: str, device: KnownDevice | None) -> bool:
    """Count a guess at an account's password, in the bound system scope; return False while it is locked.

    Addresses without an account are counted like all others. A known device has a count of its own.
    """
    values: dict[str, Any] = {
        "id": cuid() if device is None else device.pk,
        "email": normalize_email(email),
        "kind": str(kind),
        "now": timezone.now(),
        "free": FREE_GUESSES,
        "first": FIRST_WAIT,
        "longest": LONGEST_WAIT,
        "forgotten": FORGOTTEN_AFTER,
    }
    with connection.cursor() as cursor:
        cursor.execute(GUESS_AT_ACCOUNT if device is None else GUESS_FROM_DEVICE, values)
        return cursor.fetchone() is not None


def forget_guesses(kind: AccountType, email: str) -> None:
    """Unlock an account for devices that are not known, in the bound system scope."""
    AccountLockout.objects.filter(email=email, account_type=kind).update(failed_attempts=0, locked_until=None)


def unlock(kind: AccountType, email: str) -> None:
    """Unlock an account for every device, known ones too, in the bound system scope."""
    forget_guesses(kind, email)
    accounts = MODELS[kind].objects.filter(email=email)
    devices = KnownDevice.objects.filter(account_type=kind, user_id__in=accounts.values("pk"))
    devices.update(failed_attempts=0, locked_until=None)
