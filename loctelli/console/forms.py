"""The forms of signing in, of one's own password and of codes."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import MinimumLengthValidator
from unfold.forms import AdminOwnPasswordChangeForm
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

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


class CodeForm(forms.Form):
    """A code of the authenticator app; where `recovery` is, also a recovery code."""

    code = forms.CharField(
        max_length=40,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "autofocus": "", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, recovery: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if recovery:
            self.fields["code"].help_text = "Of your authenticator app, or one of your recovery codes."
        else:
            self.fields["code"].widget.attrs["inputmode"] = "numeric"


class PasswordForm(forms.Form):
    """The password one already has."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=4096,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password", "autofocus": ""}),
    )
