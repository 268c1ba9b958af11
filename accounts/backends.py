"""How platform admins sign in to the console."""

from django.contrib.auth.backends import BaseBackend

from accounts.models import AdminUser
from accounts.passwords import verify_password
from tenants.scope import ensure_scope


class AdminUserBackend(BaseBackend):
    """Looks an admin up in a short system scope and hashes outside of any transaction."""

    def authenticate(self, request, username: str | None = None, password: str | None = None, **kwargs):
        """Return the active admin with this address and password, or None after the same time."""
        if not username or password is None:
            return None
        with ensure_scope("console sign-in"):
            admin = AdminUser.objects.filter(email=username).first()
        return admin if verify_password(admin, password) and admin.is_active else None

    def get_user(self, user_id: int) -> AdminUser | None:
        with ensure_scope("console session"):
            return AdminUser.objects.filter(pk=user_id, is_active=True).first()
