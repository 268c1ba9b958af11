"""What the console does with incidents, ticked or all that match."""

from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy, ngettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from security import incidents
from tenants.background import Outcome, each
from tenants.console.bulk import BulkAction, RowsForm


class ResolutionForm(RowsForm):
    """What was found out about incidents."""

    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=5000,
        widget=UnfoldAdminTextareaWidget,
        help_text=gettext_lazy("What happened, and what was done about it. Kept with each of them."),
    )


def resolve(rows: models.QuerySet, *, by: Any, note: str) -> Outcome:
    """Resolve incidents with a note on what was found; those that are resolved keep theirs."""
    return each(rows, lambda incident: incidents.resolve(incident, by=by, note=note))


INCIDENT_ACTIONS = [
    BulkAction(
        "resolve",
        gettext_lazy("Resolve"),
        resolve,
        done=ngettext_lazy("%(count)d incident resolved.", "%(count)d incidents resolved.", "count"),
        form=ResolutionForm,
        permissions=["act"],
        icon="task_alt",
        hidden_if=lambda incident: incident.resolved,
    )
]
