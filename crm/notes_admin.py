"""Notes on submissions in the console: a timeline, and a box that adds to it."""

from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from crm.notes import append_note
from tenants.console.forms import ConsoleForm
from tenants.console.model_admin import ConsoleAdmin, without

LONGEST_NOTE = 10_000


class NotesForm(ConsoleForm):
    """A submission's form, with a box for one more note."""

    new_note = forms.CharField(
        label=_("Add a note"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("Saved with the rest of this page, under your name. Notes are never changed afterwards."),
    )


class NotesAdmin(ConsoleAdmin):
    """An admin of submissions. The timeline is `timeline`, the box `new_note`."""

    form = NotesForm

    @display(description=_("Notes"))
    def timeline(self, submission: Any) -> str:
        """Show the notes, newest first; whatever else was stored as one is passed over."""
        notes = submission.notes if isinstance(submission.notes, list) else []
        shown = [
            {**note, "at": moment_of(note.get("created_at"))}
            for note in reversed(notes)
            if isinstance(note, dict) and note.get("content")
        ]
        return render_to_string("console/timeline.html", {"notes": shown})

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> list:
        """Offer the box to those who may change the submission."""
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if self.has_change_permission(request, obj) else without(fieldsets, "new_note")

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        content = form.cleaned_data.get("new_note")
        if content:
            append_note(obj, content=content, author=request.user)


def moment_of(written: Any) -> Any:
    """Return when a note says it was written, as a moment; as it is, where it is none."""
    try:
        return parse_datetime(written) or written
    except (TypeError, ValueError):
        return written
