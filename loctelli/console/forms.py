"""The admin's own password."""

from typing import Any

from django.contrib.auth.password_validation import MinimumLengthValidator
from unfold.forms import AdminOwnPasswordChangeForm

from tenants.scope import system_scope

MINIMUM_ADMIN_PASSWORD_LENGTH = 12


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """An admin's new password; hashed before the scope that stores it opens."""

    def clean_new_password1(self) -> str:
        password = self.cleaned_data["new_password1"]
        MinimumLengthValidator(MINIMUM_ADMIN_PASSWORD_LENGTH).validate(password)
        return password

    def save(self, commit: bool = True) -> Any:
        self.user.set_password(self.cleaned_data["new_password1"])
        with system_scope("console: one's own password"):
            self.user.save(update_fields=["password"])
        return self.user
