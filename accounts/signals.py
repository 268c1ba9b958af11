"""What happens when Django signs an admin in."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts.devices import Client
from accounts.models import AdminUser
from accounts.sessions import SIGNED_IN
from tenants.console import step_up
from tenants.scope import ensure_scope


def stamp_last_login(sender, user: AdminUser, **kwargs) -> None:
    """Note when an admin last signed in to the console."""
    with ensure_scope("console sign-in"):
        user.last_login = timezone.now()
        user.save(update_fields=["last_login"])


def open_session(sender, request: HttpRequest, user: AdminUser, **kwargs) -> None:
    """Note in the session when and from where it began, and when it ends at the latest; signing in is a step up."""
    now = timezone.now()
    client = Client.of(request)
    request.session[SIGNED_IN] = {
        "at": now.isoformat(),
        "ip_address": client.address,
        "user_agent": client.user_agent,
    }
    request.session.set_expiry(now + timedelta(hours=settings.CONSOLE_SESSION_HOURS))
    step_up.note(request)
