"""Who may do what within a sub-account: one layer that reads what each view declares."""

from typing import Any

from rest_framework.permissions import BasePermission

from accounts.choices import UserRole
from accounts.principals import Principal
from loctelli.errors import DomainError
from tenants.models import ONBOARDING_ID

RANKS = {UserRole.USER: 1, UserRole.MANAGER: 2, UserRole.ADMIN: 3}
READ_ACTIONS = ("list", "retrieve", "metadata")


class StillOnboarding(DomainError):
    """Somebody who has joined no sub-account asked for one's data."""

    code = "onboarding"
    status = 403
    detail = "Join a sub-account first."


class TenantRolePermission(BasePermission):
    """Lets a user in whose role ranks at least as high as the view demands for the action.

    A view declares `read_role`, `write_role` and `delete_role`, and in `action_roles` what differs; what it doesn't
    declare is for admins. People in ONBOARDING reach only views with `open_to_onboarding`.
    """

    def has_permission(self, request: Any, view: Any) -> bool:
        user = request.user
        if not isinstance(user, Principal):
            return False
        if user.sub_account_id == ONBOARDING_ID and not getattr(view, "open_to_onboarding", False):
            raise StillOnboarding
        return may(UserRole(user.role), view, getattr(view, "action", None))


def may(role: UserRole, view: Any, action: str | None) -> bool:
    """Return whether a role may carry out a view's action; the system user's may nothing. docs/roles.md asks this."""
    return RANKS.get(role, 0) >= RANKS[required_role(view, action)]


def required_role(view: Any, action: str | None) -> UserRole:
    """Return the lowest role that may carry out a view's action."""
    roles = getattr(view, "action_roles", {})
    if action in roles:
        return roles[action]
    if action in READ_ACTIONS or action is None:
        return getattr(view, "read_role", UserRole.ADMIN)
    if action == "destroy":
        return getattr(view, "delete_role", UserRole.ADMIN)
    return getattr(view, "write_role", UserRole.ADMIN)
