"""References on a row's page: chosen by typing where the admin may see what there is to choose, read where not."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.text import get_text_list
from django.utils.translation import gettext

from tenants.console.forms import Autocomplete
from tenants.console.links import as_text
from tenants.console.lists import ListAdmin

STAMPS = ("created_by_admin", "created_at", "updated_at")


class ReferencesAdmin(ListAdmin):
    """An admin that offers no choice of rows that its admin may not see, for those choices would be refused."""

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        return [field.name for field in self.references() if self.admin_site.is_registered(field.related_model)]

    def formfield_for_foreignkey(self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", Autocomplete(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def unseen(self, request: HttpRequest) -> dict[str, Any]:
        """Return, by name, the references to rows that this admin may not see, each as a column of plain text."""
        known = request.__dict__.setdefault("unseen", {})
        if self.model not in known:
            found = [
                field for field in self.references() if not self.may_view(request, field.related_model._meta.label)
            ]
            known[self.model] = {field.name: as_text(field) for field in found}
        return known[self.model]

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        unseen = self.unseen(request)
        return [*super().get_readonly_fields(request, obj), *unseen, *unseen.values()]

    # Adding

    def needed_to_add(self) -> list[models.ForeignKey]:
        """Return the references without which there is no such row."""
        return [field for field in self.references() if not field.blank and field.name not in STAMPS]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let those add a row who may also see what it has to refer to."""
        return super().has_add_permission(request) and not self.unseen_to_add(request)

    def unseen_to_add(self, request: HttpRequest) -> list[models.ForeignKey]:
        return [field for field in self.needed_to_add() if field.name in self.unseen(request)]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        lacking = self.unseen_to_add(request) if object_id is None else []
        if lacking and super().has_add_permission(request):
            kinds = [str(field.related_model._meta.verbose_name_plural) for field in lacking]
            told = gettext("To add %(rows)s you must be allowed to view %(kinds)s, too: ask a super admin for that.")
            raise PermissionDenied(
                told % {"rows": self.opts.verbose_name_plural, "kinds": get_text_list(kinds, gettext("and"))}
            )
        return super().changeform_view(request, object_id, form_url, extra_context)
