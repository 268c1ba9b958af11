"""Whose session in the console this is."""

from django.contrib.auth.backends import BaseBackend

from accounts.models import AdminUser
from tenants.scope import ensure_scope


class AdminUserBackend(BaseBackend):
    """Finds the admin of a session; who signs in is settled in `accounts.signing_in`."""

    def get_user(self, user_id: int) -> AdminUser | None:
        with ensure_scope("console session"):
            return AdminUser.objects.filter(pk=user_id, is_active=True).first()
