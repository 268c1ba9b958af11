"""Whose session in the console this is."""

from django.contrib.auth.backends import BaseBackend
from django.db.models import OuterRef, Subquery

from accounts.models import AdminUser
from security.models import SecondFactor
from tenants.scope import ensure_scope


class AdminUserBackend(BaseBackend):
    """Finds the admin of a session; who signs in is settled in `accounts.signing_in`."""

    def get_user(self, user_id: int) -> AdminUser | None:
        factor = SecondFactor.objects.confirmed().filter(admin=OuterRef("pk"))
        with ensure_scope("console session"):
            admins = AdminUser.objects.filter(pk=user_id, is_active=True)
            # With what the session stands on, in the one query.
            return admins.annotate(second_factor_id=Subquery(factor.values("pk"))).first()
