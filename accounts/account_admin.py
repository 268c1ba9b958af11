"""What the console's pages of admins and of users have in common: passwords, sessions, and what ends them."""

from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext, gettext_lazy
from unfold.decorators import display

from accounts.password_changes import change_password
from accounts.sign_in_state import reasons_against_signing_in
from loctelli.errors import InvalidRequest
from tenants.console.lists import Link, list_url
from tenants.console.passwords import PasswordAdmin


class AccountAdmin(PasswordAdmin):
    """Accounts of a kind: a new one gets its password on the page that follows."""

    def password_validators(self) -> list:
        # It is validated where it is changed, against the account's history too.
        return []

    def store_password(self, row: models.Model, raw: str) -> None:
        if not change_password(row, raw):
            raise InvalidRequest.at(
                "password", "changed_meanwhile", gettext("It was changed elsewhere at this moment.")
            )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            # Nothing is hashed for it; until a password is set nobody can sign in.
            obj.password = make_password(None)
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: models.Model, post_url_continue: str | None = None
    ) -> HttpResponse:
        if "_addanother" in request.POST or "_popup" in request.POST or self.refusal_to_set_password(request, obj):
            return super().response_add(request, obj, post_url_continue)
        self.message_user(
            request, gettext("%(name)s was added. Set a password, so that they can sign in.") % {"name": obj}
        )
        return HttpResponseRedirect(
            reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_password", args=[obj.pk])
        )

    @display(description=gettext_lazy("Sign-in"))
    def sign_in_state(self, account: Any) -> str:
        """Say whether somebody can sign in, and what keeps them from it."""
        reasons = reasons_against_signing_in(account)
        if not reasons:
            return gettext("Nothing stands in the way.")
        return format_html_join(" ", "<strong>{}</strong>", ((reason,) for reason in reasons))

    def related_links(self, request: HttpRequest, row: Any) -> list[Link]:
        """Lead to an account's sessions over the API and to the attempts to sign in to it, too."""
        known_by = (
            ("security.RefreshToken", gettext("Sessions")),
            ("security.AuthAttempt", gettext("Attempts to sign in")),
            ("security.AccountLockout", gettext("Lockouts")),
        )
        found = [
            Link(words, list_url(label, q=row.email)) for label, words in known_by if self.may_view(request, label)
        ]
        return [*super().related_links(request, row), *found]
