"""Deleting the ticked rows, or all that match: few at once, with Django's own page, and many by the worker."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext, gettext_lazy, ngettext_lazy

from loctelli.api.integrity import from_integrity_error
from tenants import background
from tenants.background import Outcome
from tenants.console.bulk import CONFIRMED, BulkAction
from tenants.deletion import what_goes_with


class DeleteAction(BulkAction):
    """Django's action up to what one request holds; past it the same for the worker."""

    def __call__(self, model_admin: Any, request: HttpRequest, rows: models.QuerySet) -> HttpResponse | None:
        keys = rows.order_by().values_list("pk", flat=True)[: background.IN_ONE_REQUEST + 1]
        if len(keys) <= background.IN_ONE_REQUEST:
            return delete_selected(model_admin, request, rows)
        lacking = self.lacking(model_admin, request, rows)
        if CONFIRMED not in request.POST or lacking:
            return self.ask_of_many(model_admin, request, rows, lacking)
        return self.start(model_admin, request, rows)

    def ask_of_many(
        self, model_admin: Any, request: HttpRequest, rows: models.QuerySet, lacking: set[str]
    ) -> TemplateResponse:
        """Tell what goes along, with counts from one statement, and what this admin may not delete of it."""
        answer = self.ask(model_admin, request, rows, None)
        meta = {model._meta.db_table: model._meta for model in self.models_along(rows)}
        context: Any = answer.context_data
        context["along"] = [
            f"{number} {meta[table].verbose_name if number == 1 else meta[table].verbose_name_plural}"
            for table, number in self.counts(rows).items()
            if table in meta
        ]
        context["lacking"] = sorted(lacking)
        return answer

    @staticmethod
    def counts(rows: models.QuerySet) -> Mapping[str, int]:
        return what_goes_with(rows.model, rows.order_by().values("pk"), counted=lambda model: True)[0]

    @staticmethod
    def models_along(rows: models.QuerySet) -> list[type[models.Model]]:
        return [model_admin.model for model_admin in admin.site._registry.values()]

    def lacking(self, model_admin: Any, request: HttpRequest, rows: models.QuerySet) -> set[str]:
        """Return the kinds of row that would go along and that this admin may not delete."""
        by_table = {model._meta.db_table: model for model in self.models_along(rows)}
        along = [by_table[table] for table in self.counts(rows) if table in by_table]
        return {name for model in along if (name := model_admin.lacks(request, model))}

    def act(self, rows: models.QuerySet, *, by: Any, values: Mapping[str, list[str]]) -> Outcome:
        """Delete rows for the worker; what must stay, stays, and says why."""
        model_admin: Any = admin.site._registry[rows.model]
        request = HttpRequest()
        request.user = by
        outcome = Outcome()
        for row in background.locked(rows):
            reasons = self.reasons_to_stay(model_admin, request, row)
            if reasons:
                outcome.refuse(reasons)
            else:
                outcome.changed += 1
        return outcome

    @staticmethod
    def reasons_to_stay(model_admin: Any, request: HttpRequest, row: models.Model) -> str:
        """Delete a row, or return why it stays."""
        if kept := model_admin.refusal_to_delete(request, row):
            return str(kept)
        try:
            with transaction.atomic():
                _, _, lacking, in_the_way = model_admin.get_deleted_objects([row], request)
                if lacking:
                    return gettext("what would be deleted along may not be deleted by whoever asked for this.")
                if in_the_way:
                    return gettext("other things refer to it.")
                model_admin.delete_model(request, row)
        except IntegrityError as error:
            told = from_integrity_error(error, deleting=True)
            return told.detail if told else gettext("other things refer to it.")
        except PermissionDenied as error:
            return str(error)
        return ""


DELETE = DeleteAction(
    "delete_selected",
    gettext_lazy("Delete"),
    lambda rows, by: Outcome(),
    done=ngettext_lazy("%(count)d was deleted.", "%(count)d were deleted.", "count"),
    permissions=["delete"],
    warning=gettext_lazy("This can't be undone."),
    on_page=False,
)
