"""Setting a password in the console: a page of its own, because hashing never holds a transaction open."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.contrib.auth import password_validation
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loctelli.errors import InvalidRequest
from tenants.console import step_up
from tenants.console.display import set_or_not
from tenants.console.forms import SetPasswordForm
from tenants.console.model_admin import ConsoleAdmin
from tenants.console.row_actions import button
from tenants.console.views import opens_own_scopes
from tenants.scope import system_scope


class PasswordAdmin(ConsoleAdmin):
    """An admin of rows with a password: never shown, set on a page that opens its own scopes around the hashing."""

    password_is_optional = False

    def password_validators(self) -> list:
        """Return what the form asks of a password before it is stored."""
        return password_validation.get_default_password_validators()

    def get_urls(self) -> list:
        name = f"{self.opts.app_label}_{self.opts.model_name}_password"
        view = self.admin_site.admin_view(self.password_view)
        return [path("<path:object_id>/password/", view, name=name), *super().get_urls()]

    @display(description=_("Password"))
    def password_state(self, row: Any) -> str:
        stored = row.password
        return set_or_not(stored and not stored.startswith("!"))

    def page_buttons(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        buttons = super().page_buttons(request, row)
        if self.has_change_permission(request, row) and self.refusal_to_set_password(request, row) is None:
            url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_password", args=[row.pk])
            buttons.append(button(gettext("Set a new password"), "password", url))
        return buttons

    def refusal_to_set_password(self, request: HttpRequest, row: models.Model) -> str | None:
        """Return why this row gets no password here; None when it may."""
        return None

    def find(self, request: HttpRequest, object_id: str) -> models.Model:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_change_permission(request, row):
            raise PermissionDenied(self.refusal_to_set_password(request, row))
        return row

    def store_password(self, row: Any, raw: str) -> None:
        """Store a password, "" for none, outside of any scope; raise InvalidRequest when it won't do."""
        row.password = make_password(raw) if raw else None
        with system_scope("console: a password"):
            row.save(update_fields=["password"])

    def stores(self, row: models.Model, form: SetPasswordForm) -> bool:
        """Store the form's password; return False, and have the form say why, when it won't do."""
        try:
            self.store_password(row, form.cleaned_data["password1"])
        except InvalidRequest as error:
            for item in error.errors:
                form.add_error("password1", gettext(item["detail"]))
        return form.is_valid()

    @opens_own_scopes
    def password_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the new password twice; look up, hash and store apart from each other."""
        with system_scope("console: a password"):
            row = self.find(request, object_id)
        refusal = self.refusal_to_set_password(request, row)
        if refusal:
            raise PermissionDenied(refusal)
        if request.method != "POST":
            step_up.require(request)
        form = SetPasswordForm(
            row,
            request.POST or None,
            validators=self.password_validators(),
            optional=self.password_is_optional,
        )
        if form.is_valid() and not step_up.is_done(request):
            form.add_error(None, step_up.refusal())
        if form.is_valid() and self.stores(row, form):
            self.message_user(request, gettext("The password of %(name)s was changed.") % {"name": row})
            return HttpResponseRedirect(
                reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])
            )
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Password of %(name)s") % {"name": row},
            "form": form,
            "original": row,
            "opts": self.opts,
        }
        return TemplateResponse(request, "console/set_password.html", context)
