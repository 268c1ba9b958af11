"""A list's actions on a row's own page: as buttons, each of which leads to a page that asks first."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from unfold.admin import ModelAdmin
from unfold.enums import ActionVariant

from tenants.console import step_up
from tenants.console.bulk import BulkAction


def button(title: Any, icon: str, path: str) -> dict[str, Any]:
    """Return a button at the top of a page as unfold's templates take it."""
    return {
        "title": title,
        "icon": icon,
        "variant": ActionVariant.DEFAULT,
        "attrs": None,
        "dialog": None,
        "path": path,
    }


class RowActionsAdmin(ModelAdmin):
    """An admin whose rows' pages offer the list's bulk actions."""

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(self.row_action_view)
        return [path("<path:object_id>/do/<slug:action>/", view, name=self._url_name()), *super().get_urls()]

    def _url_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_do"

    def bulk_actions(self, request: HttpRequest) -> dict[str, BulkAction]:
        """Return the bulk actions that this admin may use, by name."""
        found = {name: function for name, (function, _, _) in self.get_actions(request).items()}
        return {name: function for name, function in found.items() if isinstance(function, BulkAction)}

    def row_action_view(self, request: HttpRequest, object_id: str, action: str) -> HttpResponse:
        """Ask, then act on one row, and lead back to its page."""
        found = self.bulk_actions(request).get(action)
        row = self.get_object(request, unquote(object_id))
        if found is None or row is None or not self.has_view_or_change_permission(request, row):
            raise Http404
        rows = self.get_queryset(request).filter(pk=row.pk)
        if request.method != "POST":
            if found.is_sensitive:
                step_up.require(request)
            form = found.form_class(None, rows=rows) if found.form_class else None
            return found.ask(self, request, rows, form, back=self._page_of(row))
        return found(self, request, rows) or HttpResponseRedirect(self._page_of(row))

    def _page_of(self, row: models.Model) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def page_buttons(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        """Return the buttons of a row's page: its actions, as far as this admin may use them and they make sense."""
        return [
            button(found.short_description, found.icon, reverse(f"admin:{self._url_name()}", args=[row.pk, name]))
            for name, found in self.bulk_actions(request).items()
            if found.is_offered_on(row)
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = context.get("original")
        if row is not None:
            context["actions_detail"] = [*context.get("actions_detail", ()), *self.page_buttons(request, row)]
        return super().render_change_form(request, context, *args, **kwargs)
