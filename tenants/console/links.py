"""Columns that lead to the rows they name. Those were read along with the list, so a link costs no query."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display


def link_to(label: str, key: Any, words: Any) -> str:
    """Return a link to a row's page."""
    name = label.lower().replace(".", "_")
    return format_html('<a class="console-link" href="{}">{}</a>', reverse(f"admin:{name}_change", args=[key]), words)


def none_of(field: models.ForeignKey) -> Any:
    """Return what is said of a reference to nothing: what belongs to no sub-account is there for each of them."""
    return _("All sub-accounts") if field.name == "sub_account" else "–"


@cache
def link_column(field: models.ForeignKey) -> Callable[[models.Model], str | None]:
    """Return a list column that shows a reference as a link; always the same one, for Django compares columns."""

    @display(description=field.verbose_name, ordering=field.name, empty_value=none_of(field))
    def show(row: models.Model) -> str | None:
        referred = getattr(row, field.name)
        return None if referred is None else link_to(field.related_model._meta.label, referred.pk, referred)

    # Django names the column's CSS class after the function.
    show.__name__ = field.name
    return show


def as_text(field: models.ForeignKey) -> Any:
    """Return a read-only column that names what a reference is to, without leading there."""

    @display(description=field.verbose_name)
    def show(row: models.Model) -> str:
        # What is about to be added may have nothing there yet but the database's default.
        found = None if row._state.adding else getattr(row, field.name)
        return str(none_of(field) if found is None else found)

    return show
