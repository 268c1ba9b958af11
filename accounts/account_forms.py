"""What admins fill in about accounts, theirs and those of tenants' people."""

from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldBooleanWidget

from accounts.choices import UserRole
from accounts.membership import check_movable, hold_admins, is_active_admin, left_without_admin
from accounts.models import User
from accounts.permission_ticks import PermissionsField, kept_or
from loctelli.errors import DomainError
from tenants.console.forms import ConsoleForm


class AdminUserForm(ConsoleForm):
    """A platform admin's form: nobody takes their own rights or account away."""

    own = False

    permissions = PermissionsField(
        label=gettext_lazy("Permissions"),
        required=False,
        help_text=gettext_lazy(
            "What an admin may do. A super admin may do everything, whatever is ticked. Adding something takes viewing "
            "what it belongs to, too: adding leads, for example, viewing sub-accounts, users and strategies."
        ),
    )

    def clean_permissions(self) -> list[str] | None:
        return kept_or(self.instance.permissions, self.cleaned_data["permissions"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.own:
            for name in {"role", "is_active"}.intersection(self.changed_data):
                self.add_error(name, gettext("You can't take away your own rights: let another super admin do it."))
        return cleaned


class UserForm(ConsoleForm):
    """A tenant user's form: the system user stays what it is, and nobody moves away from what is theirs."""

    FIXED = {
        "name": gettext_lazy("The system user can't be renamed."),
        "email": gettext_lazy("The system user can't be renamed."),
        "sub_account": gettext_lazy("The system user can't be moved."),
        "role": gettext_lazy("The system user can't be given another role."),
        "is_active": gettext_lazy("The system user can't be deactivated."),
    }

    MAKES_ADMIN = {"role", "is_active", "sub_account"}

    # Asked once it has come to that.
    last_admin = forms.BooleanField(
        widget=forms.HiddenInput,
        label=gettext_lazy("Last admin"),
        required=False,
        help_text=gettext_lazy("Leave the sub-account without an active admin, which is refused otherwise."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.was_system = self.instance.is_system

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.was_system:
            for name in self.FIXED.keys() & set(self.changed_data):
                self.add_error(name, self.FIXED[name])
        elif cleaned.get("role") == UserRole.SYSTEM:
            self.add_error("role", gettext("There is one system user, in ONBOARDING."))
        moved = self.instance.pk and "sub_account" in self.changed_data and "sub_account" in cleaned
        if moved and not self.was_system:
            try:
                check_movable(self.instance)
            except DomainError as error:
                self.add_error("sub_account", gettext(error.detail))
        if self.takes_last_admin_away(cleaned):
            if "last_admin" in self.fields:
                self.fields["last_admin"].widget = UnfoldBooleanWidget()
            for name in self.MAKES_ADMIN & set(self.changed_data):
                told = gettext(
                    "%(name)s is the last active admin of %(sub_account)s: make somebody else one first, or tick “Last "
                    "admin”."
                )
                self.add_error(name, told % {"name": self.instance, "sub_account": self.instance.sub_account})
        return cleaned

    def takes_last_admin_away(self, cleaned: dict[str, Any]) -> bool:
        """Return whether the change leaves the sub-account without an active admin, and nobody says it may."""
        if not self.instance.pk or cleaned.get("last_admin") or not self.MAKES_ADMIN & set(self.changed_data):
            return False
        hold_admins(self.instance.sub_account_id)
        stays = cleaned.get("sub_account", self.instance.sub_account) == self.instance.sub_account
        after = User(
            role=cleaned.get("role", self.instance.role), is_active=cleaned.get("is_active", self.instance.is_active)
        )
        return not (stays and is_active_admin(after)) and bool(left_without_admin([self.instance]))
