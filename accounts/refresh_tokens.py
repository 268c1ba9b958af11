"""Sessions over the API: opaque tokens that each renew one once. Only hashes are stored.

A token's successor is derived from it, the id of its row and SECRET_KEY: within the grace, a client whose answer was
lost, or one that asked many times at once, gets the same successor again, and the chain does not fork. A token that
comes back later, or whose successor is in use already, was copied: its session ends.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.devices import Client
from accounts.models import User
from accounts.tokens import session_stamps
from loctelli.database.fields import cuid
from loctelli.errors import DomainError
from security import incidents
from security.choices import AccountType, IncidentType, Severity
from security.models import RefreshToken
from tenants.scope import ensure_scope, system_scope

# For so long a token's successor is given again.
GRACE = timedelta(seconds=10)


class InvalidRefreshToken(DomainError):
    """A refresh token that never was, was used, has expired, or whose session or account has ended."""

    code = "invalid_refresh_token"
    status = 401
    detail = "The session has ended: sign in again."
    headers = {"WWW-Authenticate": 'Bearer realm="loctelli"'}


@dataclass(frozen=True, slots=True)
class Session:
    """A session and the token that renews it next; `family` is what the session is known by."""

    account: Any
    family: str
    refresh_token: str
    expires_at: datetime
    remembered: bool


def issue(kind: AccountType, account: Any, *, client: Client, remembered: bool = False) -> Session:
    """Begin a session of an account that has just proven who it is."""
    now, raw, family = timezone.now(), secrets.token_urlsafe(32), cuid()
    end = now + lifetimes(remembered)[1]
    with ensure_scope("API: a session begins"):
        RefreshToken.objects.create(
            pk=family,
            family=family,
            user_id=account.pk,
            account_type=kind,
            token_hash=hash_token(raw),
            stamp=session_stamps(account)[0],
            ip_address=client.address,
            user_agent=client.user_agent,
            remembered=remembered,
            expires_at=_expiry(now, end, remembered),
            session_started_at=now,
            session_expires_at=end,
        )
    return Session(account, family, raw, _expiry(now, end, remembered), remembered)


def rotate(raw: str, *, client: Client) -> Session:
    """Return a user's session renewed, its user and sub-account loaded; raise InvalidRefreshToken when it has ended."""
    with system_scope("API: a session is renewed"):
        token = RefreshToken.objects.filter(token_hash=hash_token(raw), account_type=AccountType.USER).first()
        session = None if token is None else _renew(token, raw, client)
    if session is None:
        raise InvalidRefreshToken
    return session


def revoke(raw: str) -> None:
    """End the session that a token is of, whether it renews it still or did so once; unknown ones end nothing."""
    with system_scope("API: sign-out"):
        family = RefreshToken.objects.filter(token_hash=hash_token(raw)).values_list("family", flat=True).first()
        if family is not None:
            _end(RefreshToken.objects.filter(family=family))


def end_sessions(
    kind: AccountType, user_id: int, *, family: str | None = None, except_family: str | None = None
) -> int:
    """End an account's sessions, or one of them, or all but one; return how many."""
    with ensure_scope("sessions end"):
        tokens = RefreshToken.objects.of(kind, user_id)
        if family is not None:
            tokens = tokens.filter(family=family)
        if except_family is not None:
            tokens = tokens.exclude(family=except_family)
        return _end(tokens)


def renew_stamps(kind: AccountType, account: Any, *, replaced: list[str]) -> None:
    """Let sessions go on past a change of the account: those whose stamp was one of these before it."""
    with ensure_scope("sessions go on"):
        tokens = RefreshToken.objects.of(kind, account.pk).live().filter(stamp__in=replaced)
        tokens.update(stamp=session_stamps(account)[0])


def hash_token(raw: str) -> str:
    """Return what is stored of a token. It is random, so a plain hash gives nothing away."""
    return hashlib.sha256(raw.encode()).hexdigest()


def lifetimes(remembered: bool) -> tuple[timedelta, timedelta]:
    """Return how long a session goes on unused, and however much it is used."""
    if remembered:
        return timedelta(days=settings.REMEMBERED_SESSION_IDLE_DAYS), timedelta(days=settings.REMEMBERED_SESSION_DAYS)
    return timedelta(days=settings.SESSION_IDLE_DAYS), timedelta(days=settings.SESSION_DAYS)


def _renew(token: RefreshToken, raw: str, client: Client) -> Session | None:
    user = User.objects.select_related("sub_account").filter(pk=token.user_id).first()
    if user is None or not _fits(token, user):
        _end(RefreshToken.objects.filter(family=token.family))
        return None
    now, successor = timezone.now(), _successor(token, raw)
    # Of all who come with this token at once, one finds it unused; the others wait here until it is done.
    if RefreshToken.objects.live().filter(pk=token.pk).update(rotated_at=now):
        expires_at = _expiry(now, token.session_expires_at, token.remembered)
        RefreshToken.objects.create(
            family=token.family,
            user_id=token.user_id,
            account_type=token.account_type,
            token_hash=hash_token(successor),
            stamp=session_stamps(user)[0],
            ip_address=client.address,
            user_agent=client.user_agent,
            remembered=token.remembered,
            expires_at=expires_at,
            session_started_at=token.session_started_at,
            session_expires_at=token.session_expires_at,
        )
        return Session(user, token.family, successor, expires_at, token.remembered)
    return _renew_again(token, user, successor, client)


def _renew_again(token: RefreshToken, user: User, successor: str, client: Client) -> Session | None:
    token.refresh_from_db()
    if token.rotated_at is None:
        return None  # revoked or expired, never used
    heir = RefreshToken.objects.live().filter(token_hash=hash_token(successor)).first()
    if heir is not None and timezone.now() - token.rotated_at <= GRACE:
        return Session(user, token.family, successor, heir.expires_at, heir.remembered)
    if _end(RefreshToken.objects.filter(family=token.family)):
        incidents.report(
            IncidentType.REFRESH_TOKEN_REUSE,
            severity=Severity.HIGH,
            description="A refresh token was used again: it was copied, and its session was ended.",
            sub_account_id=user.sub_account_id,
            user_id=user.pk,
            metadata={"session": token.family, "ip_address": client.address, "user_agent": client.user_agent},
        )
    return None


def _fits(token: RefreshToken, user: User) -> bool:
    stamps = session_stamps(user)
    return (
        user.is_active
        and user.sub_account.is_active
        and any(constant_time_compare(token.stamp, stamp) for stamp in stamps)
    )


def _successor(token: RefreshToken, raw: str) -> str:
    digest = salted_hmac("accounts.refresh_tokens", f"{token.pk} {raw}", algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _expiry(now: datetime, end: datetime, remembered: bool) -> datetime:
    return min(now + lifetimes(remembered)[0], end)


def _end(tokens: Any) -> int:
    """Revoke what renews these sessions. A renewal under way is waited for, and what it made is revoked in turn."""
    unrevoked, ended = tokens.filter(rotated_at=None, revoked_at=None), 0
    while unrevoked.exists():
        ended += unrevoked.update(revoked_at=timezone.now())
    return ended
