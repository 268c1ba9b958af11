"""What happens when Django signs an admin in."""

from django.utils import timezone

from accounts.models import AdminUser
from tenants.scope import ensure_scope


def stamp_last_login(sender, user: AdminUser, **kwargs) -> None:
    """Note when an admin last signed in to the console."""
    with ensure_scope("console sign-in"):
        user.last_login = timezone.now()
        user.save(update_fields=["last_login"])
