"""Pruning takes what has outlived its use and nothing else."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import QuerySet
from django.utils import timezone

from accounts.devices import DEVICE_LIFETIME
from accounts.pruning import prune
from security import throttling
from security.choices import AccountType
from security.models import AccountLockout, AuthAttempt, ConsoleSession, KnownDevice, PasswordHistory, RefreshToken
from tenants.models import BackgroundAction, IdempotencyKey
from tenants.scope import system_scope

MINUTE = timedelta(minutes=1)
KEEP_IDEMPOTENCY_KEYS = timedelta(days=1)
KEEP_AUTH_ATTEMPTS = timedelta(days=180)
KEEP_SESSIONS = timedelta(days=30)
KEEP_LOCKOUTS = timedelta(days=7)
TABLES = (IdempotencyKey, AuthAttempt, RefreshToken, KnownDevice, AccountLockout, ConsoleSession, BackgroundAction)


def refresh_token(token_hash: str, **fields) -> RefreshToken:
    return RefreshToken.objects.create(
        user_id=1,
        account_type=AccountType.USER,
        token_hash=token_hash,
        family=token_hash,
        stamp="s",
        ip_address="127.0.0.1",
        **fields,
    )


@pytest.fixture
def rows_of_all_ages(cast) -> None:
    """One row just too old and one just young enough in every table that is pruned."""
    now = timezone.now()
    with system_scope("test"):
        for age in (KEEP_IDEMPOTENCY_KEYS + MINUTE, KEEP_IDEMPOTENCY_KEYS - MINUTE):
            key = IdempotencyKey.objects.create(sub_account=cast.acme, user_id=1, key=str(age), fingerprint="f")
            QuerySet(IdempotencyKey).filter(pk=key.pk).update(created_at=now - age)
        for age in (KEEP_AUTH_ATTEMPTS + MINUTE, KEEP_AUTH_ATTEMPTS - MINUTE):
            AuthAttempt.objects.create(
                email="a@b.example",
                account_type=AccountType.USER,
                success=True,
                ip_address="127.0.0.1",
                created_at=now - age,
            )
        for age in (KEEP_SESSIONS + MINUTE, KEEP_SESSIONS - MINUTE):
            refresh_token(f"{age // MINUTE:064x}", expires_at=now - age, session_expires_at=now - age)
        for age in (DEVICE_LIFETIME + MINUTE, DEVICE_LIFETIME - MINUTE):
            KnownDevice.objects.create(
                user_id=1, account_type=AccountType.USER, ip_address="127.0.0.1", last_used_at=now - age
            )
        for age in (KEEP_LOCKOUTS + MINUTE, KEEP_LOCKOUTS - MINUTE):
            AccountLockout.objects.create(
                email=f"{age.days}@b.example", account_type=AccountType.USER, last_attempt_at=now - age
            )
        for age in (MINUTE, -MINUTE):
            ConsoleSession.objects.create(session_key=str(age), session_data="", expire_date=now - age)
        for age in (KEEP_SESSIONS + MINUTE, KEEP_SESSIONS - MINUTE):
            BackgroundAction.objects.create(
                admin=cast.ada, title="x", model="crm.lead", action="x", total=0, created_at=now - age, finished_at=now
            )
    throttling.hit("somebody", throttling.Rate(5, 60))


def test_what_is_too_old_goes_and_what_is_young_enough_stays(rows_of_all_ages):
    counts = prune()

    assert counts == {
        "idempotency_keys": 1,
        "auth_attempts": 1,
        "refresh_tokens": 1,
        "known_devices": 1,
        "account_lockouts": 1,
        "console_sessions": 1,
        "password_history": 0,
        "background_actions": 1,
        "audit_entries": 0,
        "throttle_counters": 0,
    }
    with system_scope("test"):
        left = [model._default_manager.count() for model in TABLES]
    assert left == [1] * len(TABLES)


def test_pruning_twice_finds_nothing_the_second_time(rows_of_all_ages):
    prune()

    assert set(prune().values()) == {0}


def test_a_used_token_is_kept_as_long_as_its_session_may_go_on(db):
    now = timezone.now()
    with system_scope("test"):
        ended = refresh_token("a" * 64, rotated_at=now, expires_at=now, session_expires_at=now - MINUTE)
        going_on = refresh_token("b" * 64, rotated_at=now, expires_at=now, session_expires_at=now + MINUTE)

    assert prune()["refresh_tokens"] == 1
    with system_scope("test"):
        assert list(RefreshToken.objects.values_list("pk", flat=True)) == [going_on.pk] != [ended.pk]


def test_locked_accounts_stay_locked_however_long_ago_the_last_attempt_was(db):
    with system_scope("test"):
        AccountLockout.objects.create(
            email="a@b.example",
            account_type=AccountType.USER,
            last_attempt_at=timezone.now() - timedelta(days=365),
            locked_until=timezone.now() + MINUTE,
        )

    assert prune()["account_lockouts"] == 0


def test_the_settings_say_how_long_what_is_kept(rows_of_all_ages, settings):
    settings.KEEP_AUTH_ATTEMPTS_DAYS = settings.KEEP_SESSIONS_DAYS = settings.KEEP_LOCKOUTS_DAYS = 1

    counts = prune()

    assert (counts["auth_attempts"], counts["refresh_tokens"], counts["account_lockouts"]) == (2, 2, 2)


def test_a_dry_run_says_what_would_go_and_deletes_nothing(rows_of_all_ages, capsys):
    call_command("prune", "--dry-run")
    said = capsys.readouterr().out
    with system_scope("test"):
        left = [model._default_manager.count() for model in TABLES]

    call_command("prune")

    assert "       1  auth_attempts\n" in said
    assert said.endswith("7 rows would be deleted.\n")
    assert left == [2] * len(TABLES)
    assert capsys.readouterr().out.endswith("7 rows deleted.\n")


def test_former_passwords_go_with_the_accounts_that_had_them(cast, alice, ada):
    with system_scope("test"):
        for user_id, kind in ((alice.pk, "user"), (ada.pk, "admin"), (999_999, "user"), (999_999, "admin")):
            PasswordHistory.objects.create(user_id=user_id, account_type=kind, password_hash="argon2$x")

    counts = prune()

    assert counts["password_history"] == 2
    with system_scope("test"):
        kept = set(PasswordHistory.objects.values_list("user_id", "account_type"))
    assert kept == {(alice.pk, "user"), (ada.pk, "admin")}
