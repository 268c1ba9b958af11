"""Console sessions: Django's database sessions on a table of our own, under hashed keys, with an end of two kinds.

A session ends when it has not been used for `CONSOLE_IDLE_MINUTES`, and `CONSOLE_SESSION_HOURS` after sign-in however
much it is used. The table is the system role's: whatever runs outside of the view's scope opens a short one.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils import timezone

from security.models import ConsoleSession
from tenants.scope import ensure_scope

# Being in use is written down this often at most.
USE_IS_NOTED_EVERY = timedelta(minutes=1)
# In the session's data: when, from where and with what its admin signed in.
SIGNED_IN = "signed_in"


def hash_key(session_key: str) -> str:
    """Return what is stored of a session's key."""
    return sha256(session_key.encode()).hexdigest()


def end_console_sessions(admin_id: int, *, except_key: str | None = None) -> int:
    """End an admin's sessions, in the bound system scope; return how many. One may go on, by its unhashed key."""
    sessions = ConsoleSession.objects.filter(admin_id=admin_id)
    return (sessions.exclude(pk=hash_key(except_key)) if except_key else sessions).delete()[0]


class SessionStore(db.SessionStore):
    """Reads and writes `ConsoleSession`."""

    @classmethod
    def get_model_class(cls) -> type[ConsoleSession]:
        return ConsoleSession

    def _get_session_from_db(self) -> ConsoleSession | None:
        with ensure_scope("console session"):
            now = timezone.now()
            row = ConsoleSession.objects.live().filter(pk=hash_key(str(self.session_key)))
            session = row.first()
            if session is None:
                self._session_key = None
            elif session.last_used_at < now - USE_IS_NOTED_EVERY:
                row.update(last_used_at=now)
            return session

    def create_model_instance(self, data: dict[str, Any]) -> ConsoleSession:
        signed_in = data.get(SIGNED_IN, {})
        now = timezone.now()
        return ConsoleSession(
            session_key=hash_key(self._get_or_create_session_key()),  # type: ignore[attr-defined]
            session_data=self.encode(data),
            admin_id=data.get(SESSION_KEY),
            ip_address=signed_in.get("ip_address"),
            user_agent=signed_in.get("user_agent"),
            expire_date=self.get_expiry_date(),
            created_at=datetime.fromisoformat(signed_in["at"]) if signed_in else now,
            last_used_at=now,
        )

    def exists(self, session_key: str) -> bool:
        with ensure_scope("console session"):
            return ConsoleSession.objects.filter(pk=hash_key(session_key)).exists()

    def save(self, must_create: bool = False) -> None:
        with ensure_scope("console session"):
            super().save(must_create)

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            with ensure_scope("console session"):
                ConsoleSession.objects.filter(pk=hash_key(key)).delete()

    @classmethod
    def clear_expired(cls) -> None:
        with ensure_scope("pruning console sessions"):
            ConsoleSession.objects.filter(expire_date__lt=timezone.now()).delete()
