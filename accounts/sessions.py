"""Console sessions: Django's database sessions, whose table only the system role may touch."""

from django.contrib.sessions.backends import db

from tenants.scope import ensure_scope


class SessionStore(db.SessionStore):
    """Opens a short system scope where the session middleware runs outside the view's."""

    @classmethod
    def get_model_class(cls):
        return db.SessionStore.get_model_class()

    def _get_session_from_db(self):
        with ensure_scope("console session"):
            return super()._get_session_from_db()

    def exists(self, session_key) -> bool:
        with ensure_scope("console session"):
            return super().exists(session_key)

    def save(self, must_create=False) -> None:
        with ensure_scope("console session"):
            super().save(must_create)

    def delete(self, session_key=None) -> None:
        with ensure_scope("console session"):
            super().delete(session_key)

    @classmethod
    def clear_expired(cls) -> None:
        with ensure_scope("pruning console sessions"):
            super().clear_expired()
