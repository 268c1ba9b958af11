"""The forms of signing in, of one's own password and of codes."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from accounts.devices import Client
from accounts.signing_in import InvalidCredentials, SignIn, sign_in
from loctelli.errors import DomainError
from security.choices import AccountType

DEVICE_COOKIE = "loctelli_device"


class SignInForm(AuthenticationForm):
    """Address and password, tried on the one way by which users sign in to the API, too."""

    signed_in: SignIn | None = None

    def clean(self) -> dict[str, Any]:
        email, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if email and password:
            try:
                self.signed_in = sign_in(AccountType.ADMIN, email, password=password, client=client_of(self.request))
            except InvalidCredentials as error:
                raise self.get_invalid_login_error() from error
            except DomainError as error:
                raise forms.ValidationError(gettext(error.detail), code=error.code) from error
            self.user_cache = self.signed_in.account
        return self.cleaned_data


def client_of(request: HttpRequest) -> Client:
    """Return from where and with which device, known again by its cookie, a request to the console comes."""
    return Client.of(request, request.COOKIES.get(DEVICE_COOKIE))


class CodeForm(forms.Form):
    """A code of the authenticator app; where `recovery` is, also a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "autofocus": "", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, recovery: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if recovery:
            self.fields["code"].help_text = gettext("Of your authenticator app, or one of your recovery codes.")
        else:
            self.fields["code"].widget.attrs["inputmode"] = "numeric"


class PasswordForm(forms.Form):
    """The password one already has."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=4096,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password", "autofocus": ""}),
    )
