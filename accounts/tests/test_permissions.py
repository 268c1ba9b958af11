"""What a view has to declare, and what becomes of one that declares nothing."""

from types import SimpleNamespace

import pytest

from accounts.choices import UserRole
from accounts.permissions import StillOnboarding, TenantRolePermission, required_role
from accounts.principals import Principal
from tenants.models import ONBOARDING_ID

DECLARED = SimpleNamespace(
    read_role=UserRole.USER,
    write_role=UserRole.MANAGER,
    delete_role=UserRole.ADMIN,
    action_roles={"publish": UserRole.ADMIN, "list": UserRole.MANAGER},
)


@pytest.mark.parametrize(
    ("action", "role"),
    [
        ("retrieve", UserRole.USER),
        ("metadata", UserRole.USER),
        (None, UserRole.USER),
        ("create", UserRole.MANAGER),
        ("partial_update", UserRole.MANAGER),
        ("duplicate", UserRole.MANAGER),
        ("destroy", UserRole.ADMIN),
        ("publish", UserRole.ADMIN),
        ("list", UserRole.MANAGER),
    ],
)
def test_each_action_asks_for_the_role_declared_for_its_kind(action, role):
    assert required_role(DECLARED, action) == role


@pytest.mark.parametrize("action", ["list", "retrieve", "create", "partial_update", "destroy", "anything", None])
def test_what_is_not_declared_is_for_admins(action):
    assert required_role(SimpleNamespace(), action) == UserRole.ADMIN


def somebody_with(role: str, sub_account_id: int = 7) -> Principal:
    """Return somebody as the binding knows them."""
    known = dict.fromkeys(Principal._fields)
    return Principal(**{**known, "pk": 1, "role": role, "sub_account_id": sub_account_id})


def may(user: object, action: str = "create", **view) -> bool:
    declared = SimpleNamespace(**{**vars(DECLARED), "action": action, **view})
    return TenantRolePermission().has_permission(SimpleNamespace(user=user), declared)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [(UserRole.ADMIN, True), (UserRole.MANAGER, True), (UserRole.USER, False), (UserRole.SYSTEM, False)],
)
def test_a_higher_role_may_what_a_lower_one_may(role, allowed):
    assert may(somebody_with(role)) is allowed


def test_a_role_nobody_has_is_an_error_and_no_permission():
    with pytest.raises(ValueError, match="owner"):
        may(somebody_with("owner"))


@pytest.mark.parametrize("somebody", [None, object(), SimpleNamespace(role="admin", sub_account_id=7)])
def test_who_is_no_user_may_nothing(somebody):
    assert may(somebody, "list") is False


def test_in_onboarding_only_what_is_open_to_it_is_reached():
    newcomer = somebody_with(UserRole.ADMIN, ONBOARDING_ID)

    with pytest.raises(StillOnboarding):
        may(newcomer)
    assert may(newcomer, open_to_onboarding=True) is True
