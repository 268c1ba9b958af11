"""The super admins, of whom one always stays."""

from django.core.exceptions import PermissionDenied

from accounts.choices import AdminRole
from accounts.models import AdminUser


def hold_super_admins(acting: AdminUser) -> None:
    """Keep others from changing who is a super admin until the transaction ends.

    Raises PermissionDenied when the acting one has ceased to be one meanwhile. Nobody takes their own rights away: so
    of two who take each other's away at once, the first stays, and so does a super admin.
    """
    holding = AdminUser.objects.filter(role=AdminRole.SUPER_ADMIN, is_active=True).order_by("pk")
    if acting not in list(holding.select_for_update(no_key=True)):
        raise PermissionDenied("Somebody has just taken your rights away.")
