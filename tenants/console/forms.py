"""Forms of the console: strict about what PostgreSQL can't store and about whose rows refer to whose."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from loctelli.api import parsers
from loctelli.errors import DomainError
from tenants.catalogue import TemplateInactive, is_withdrawn
from tenants.closing import BEING_CLOSED, is_closing
from tenants.console import step_up
from tenants.console.meanwhile import Meanwhile


class Autocomplete(AutocompleteSelect):
    """Django's autocomplete, offering the rows of one sub-account.

    Django's own fails on showing again what is no key at all, such as a word for a number.
    """

    # Whose rows are offered; None for those of the sub-account that the console is narrowed to, or of all.
    sub_account_id: int | None = None

    def get_url(self) -> str:
        url = super().get_url()
        return url if self.sub_account_id is None else f"{url}?sub_account={self.sub_account_id}"

    def optgroups(self, name: str, value: Sequence[str], attrs: dict | None = None) -> list:
        key = self.field.target_field
        return super().optgroups(name, [item for item in value if not item or is_key(key, item)], attrs)


def is_key(field: models.Field, value: Any) -> bool:
    """Return whether a value could be the key of a row."""
    try:
        parsers.check_text(str(value), "")
        field.to_python(value)
    except (DomainError, ValidationError):
        return False
    return True


class ConsoleForm(Meanwhile):
    """A row's form. References stay within the sub-account, and what the database refused is an error of its field."""

    # What PostgreSQL answered to this very request: (field name or None, sentence).
    refusals: ClassVar[list[tuple[str | None, str]]] = []
    # Which changes take a step up, and whether this session's admin has done it.
    sensitive_fields: ClassVar[tuple[str, ...]] = ()
    adding_is_sensitive: ClassVar[bool] = False
    step_up_is_done: ClassVar[bool] = True

    def _post_clean(self) -> None:
        super()._post_clean()
        for name, sentence in self.refusals:
            self.add_error(name if name in self.fields else None, sentence)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned = self.cleaned_data if cleaned is None else cleaned
        owner = self.sub_account_id
        for name, chosen in list(cleaned.items()):
            theirs = getattr(chosen, "sub_account_id", None) if isinstance(chosen, models.Model) else None
            if isinstance(owner, int) and theirs is not None and theirs != owner:
                told = gettext("“%(name)s” belongs to another sub-account (%(sub_account)s).")
                self.add_error(name, told % {"name": chosen, "sub_account": chosen.sub_account})
            if name in self.changed_data and is_withdrawn(chosen):
                self.add_error(name, ValidationError(gettext(TemplateInactive.detail), code=TemplateInactive.code))
        if isinstance(owner, int) and is_closing(owner):
            self.add_error(None, BEING_CLOSED)
        if self.is_sensitive and not self.step_up_is_done:
            self.add_error(None, step_up.refusal())
        return cleaned

    @property
    def is_sensitive(self) -> bool:
        """Whether what is sent changes secrets or rights."""
        if self.instance._state.adding:
            return self.adding_is_sensitive
        return not set(self.sensitive_fields).isdisjoint(self.changed_data)

    @property
    def sub_account_id(self) -> int | None:
        """The sub-account the row is to belong to, as far as the form knows it."""
        if "sub_account" in self.fields:
            chosen = self.cleaned_data.get("sub_account")
            return chosen.pk if chosen else None
        return getattr(self.instance, "sub_account_id", None)


class SetPasswordForm(forms.Form):
    """A new password, typed twice."""

    password1 = forms.CharField(
        label=_("Password"), strip=False, widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
    )
    password2 = forms.CharField(
        label=_("Password again"), strip=False, widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, row: Any, *args: Any, validators: list, optional: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row, self.validators = row, validators
        for field in self.fields.values():
            field.required = not optional
        if optional:
            self.fields["password1"].help_text = gettext("Leave both empty for none.")

    def clean_password1(self) -> str:
        password = self.cleaned_data["password1"]
        if not password:
            return password
        password_validation.validate_password(password, self.row, self.validators)
        return password

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        if "password1" in cleaned and cleaned["password1"] != cleaned.get("password2"):
            self.add_error("password2", gettext("The two passwords differ."))
        return cleaned
