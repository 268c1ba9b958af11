"""The form of a JSON column whose schema another row has, which is chosen on the same page."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse

from tenants.console.forms import is_key
from tenants.console.json_forms.labels import translated


class ChosenSchema:
    """The schema of `column`, as `schema_of` makes it from the row that `reference` refers to."""

    def __init__(
        self, model: type[models.Model], column: str, *, reference: str, schema_of: Callable[[Any], dict[str, Any]]
    ) -> None:
        self.column, self.reference, self.schema_of = column, reference, schema_of
        self.chosen_from: type[models.Model] = model._meta.get_field(reference).related_model  # type: ignore[assignment]
        self.name = f"{model._meta.label_lower.replace('.', '_')}_schema"

    def show(self, form: forms.ModelForm) -> None:
        """Make the column's form from the schema of what is chosen, now and whenever another row is."""
        widget: Any = form.fields[self.column].widget
        widget.schema_source = form.add_prefix(self.reference)
        widget.schema_url = reverse(f"admin:{self.name}")
        widget.schema = self.find(form[self.reference].value())

    def find(self, key: Any) -> dict[str, Any] | None:
        """Return the schema of the row with a key; None when there is no such row."""
        if not key or not is_key(self.chosen_from._meta.pk, key):
            return None
        row = self.chosen_from._base_manager.filter(pk=key).first()
        return None if row is None else self.schema_of(row)

    def url(self, model_admin: ModelAdmin) -> URLPattern:
        """Return where whoever may add rows gets the schema of what they choose."""

        def view(request: HttpRequest) -> HttpResponse:
            if not model_admin.has_add_permission(request):
                raise PermissionDenied
            schema = self.find(request.GET.get("id"))
            if schema is None:
                raise Http404
            return JsonResponse(translated(schema))

        return path("schema/", model_admin.admin_site.admin_view(view), name=self.name)
