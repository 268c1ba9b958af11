"""Choices for references, found by typing a part of a name."""

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.db import models

from tenants.console.forms import is_key
from tenants.console.narrowing import narrowed_to, rows_of
from tenants.models import SubAccount


class Autocomplete(AutocompleteJsonView):
    """Choices for a reference: of the sub-account that the form is about, else of the one the console is narrowed to.

    Where those of several are offered together, each says whose it is.
    """

    def get_queryset(self) -> models.QuerySet:
        """Return what was found; like Django's own, but narrowed before it is searched."""
        rows = self.model_admin.get_queryset(self.request)
        rows = rows.complex_filter(self.source_field.get_limit_choices_to())
        owner = self.request.searched_in = self.sub_account_id
        if owner is not None:
            rows = rows.filter(rows_of(rows.model, owner))
        found, has_duplicates = self.model_admin.get_search_results(self.request, rows, self.term)
        return found.distinct() if has_duplicates else found

    @property
    def sub_account_id(self) -> int | None:
        """The sub-account whose rows are offered; None for all."""
        asked = self.request.GET.get("sub_account", "")
        if self.model_admin.model is not SubAccount and asked.isdecimal() and is_key(SubAccount._meta.pk, asked):
            return int(asked)
        chosen = narrowed_to(self.request)
        return chosen.pk if chosen else None

    def serialize_result(self, obj: models.Model, to_field_name: str) -> dict[str, str]:
        result = super().serialize_result(obj, to_field_name)
        owner = getattr(obj, "sub_account", None)
        if owner is None or self.sub_account_id is not None:
            return result
        return {**result, "text": f"{result['text']} · {owner}"}
