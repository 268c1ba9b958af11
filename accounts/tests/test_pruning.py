"""Pruning takes what has outlived its use and nothing else."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from accounts.pruning import KEEP_AUTH_ATTEMPTS, KEEP_IDEMPOTENCY_KEYS, KEEP_REFRESH_TOKENS, prune
from security import throttling
from security.choices import AccountType
from security.models import AuthAttempt, RefreshToken
from tenants.models import IdempotencyKey
from tenants.scope import system_scope

MINUTE = timedelta(minutes=1)


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
        for age in (KEEP_REFRESH_TOKENS + MINUTE, KEEP_REFRESH_TOKENS - MINUTE):
            RefreshToken.objects.create(
                user_id=1,
                account_type=AccountType.USER,
                token_hash=str(age),
                family="f",
                ip_address="127.0.0.1",
                expires_at=now - age,
            )
        for age in (MINUTE, -MINUTE):
            Session.objects.create(session_key=str(age), session_data="", expire_date=now - age)
    throttling.hit("somebody", throttling.Rate(5, 60))


def test_what_is_too_old_goes_and_what_is_young_enough_stays(rows_of_all_ages):
    counts = prune()

    assert counts == {
        "idempotency_keys": 1,
        "auth_attempts": 1,
        "refresh_tokens": 1,
        "django_session": 1,
        "throttle_counters": 0,
    }
    with system_scope("test"):
        left = [model._default_manager.count() for model in (IdempotencyKey, AuthAttempt, RefreshToken, Session)]
    assert left == [1, 1, 1, 1]


def test_pruning_twice_finds_nothing_the_second_time(rows_of_all_ages):
    prune()

    assert set(prune().values()) == {0}
