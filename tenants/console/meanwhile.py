"""Two admins at the same row: the second is told what changed since their page was opened, before anything is saved.

Each page carries the values it showed (Django's hidden initials). Where one is no longer what is stored, nothing is
saved: the form comes back with the new value in every field its admin had left alone, and with their own in those that
both changed. Saving it once more is a decision.
"""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.html import format_html
from django.utils.translation import gettext as _

from tenants.console import history
from tenants.console.json_forms.labels import words_for

RECENT = 50
MOST_PARTS = 10


class Meanwhile(forms.ModelForm):
    """A form of a row that may have changed since it was shown."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            return
        for name in self.fields.keys() & self.initial.keys():
            # What a script sends without having seen the page is compared with what is stored.
            self.fields[name].show_hidden_initial = not self.is_bound or self._was_shown(name)

    def _was_shown(self, name: str) -> bool:
        shown = self[name].html_initial_name
        return shown in self.data or f"{shown}_0" in self.data

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        changed = [name for name in self.fields if self.fields[name].show_hidden_initial and self._differs(name)]
        if changed:
            self._tell(changed)

    def _differs(self, name: str) -> bool:
        """Return whether a field's stored value is another than the one that was shown."""
        field = self.fields[name]
        version = getattr(field.widget, "version", None)
        if version is not None and self.data.get(f"{self.add_prefix(name)}-version", version) != version:
            return True
        shown, stored = self._shown(name), self[name].initial
        if isinstance(shown, str) and isinstance(stored, str):
            # Browsers send line ends of their own.
            shown, stored = "\n".join(shown.splitlines()), "\n".join(stored.splitlines())
        return bool(field.has_changed(stored, shown))

    def _tell(self, changed: list[str]) -> None:
        who = changes_of(self.instance)
        self.data = cast(Any, self.data).copy()
        told = _("Nothing was saved yet, for this changed while you had it open. Look at it, then save it again.")
        self.add_error(None, ValidationError(told, code="changed_meanwhile"))
        for name in changed:
            mine, stored = name in self.changed_data, self[name].initial
            column = self.instance._meta.get_field(name).attname
            actor, when = who.get(column, (_("Somebody"), ""))
            words = self._words(name)
            change = _("{} changed “{}” to “{}”{}.") if words else _("{} changed “{}”{}{}.")
            parts = ", ".join(self._parts(name))
            where = f"{self[name].label}: {parts}" if parts else self[name].label
            sentence = format_html(change, actor, where, words, when and f" ({when})")
            if mine:
                told = format_html(_("{} Here stands what you typed: save again to have it so."), sentence)
                self.add_error(name, ValidationError(told, code="changed_meanwhile"))
            else:
                self.add_error(None, ValidationError(sentence, code="changed_meanwhile"))
            self._show(name, stored, mine=mine)

    def _show(self, name: str, stored: Any, *, mine: bool) -> None:
        """Have the answer carry the stored value as the one shown, and show it unless the admin typed another."""
        field, data = self.fields[name], cast(Any, self.data)
        hidden: Any = field.hidden_widget()
        prepared, shown = field.prepare_value(stored), self[name].html_initial_name
        if isinstance(hidden, forms.MultiWidget):
            for number, part in enumerate(hidden.decompress(prepared) or []):
                data[f"{shown}_{number}"] = hidden.widgets[number].format_value(part) or ""
        elif isinstance(hidden, forms.MultipleHiddenInput):
            data.setlist(shown, prepared or [])
        else:
            data[shown] = "" if prepared is None else str(prepared)
        if not mine:
            field.bound_data = lambda data, initial: initial  # type: ignore[method-assign]

    def _parts(self, name: str) -> list[str]:
        """Return which parts of a JSON object are others than the page showed, as its form names them."""
        schema = getattr(self.fields[name].widget, "schema", None)
        shown, stored = self._shown(name), self[name].initial
        try:
            shown = self.fields[name].to_python(shown)
        except ValidationError:
            return []
        if not (isinstance(shown, dict) and isinstance(stored, dict)):
            return []
        changed = [key for key in {**stored, **shown} if stored.get(key) != shown.get(key)]
        return [words_for(schema, [key]) for key in changed[:MOST_PARTS]]

    def _shown(self, name: str) -> Any:
        """Return the value of a field that the page showed, as it came back."""
        hidden = self.fields[name].hidden_widget()
        return hidden.value_from_datadict(self.data, self.files, self[name].html_initial_name)

    def _words(self, name: str) -> str:
        """Return what is stored as a person reads it; nothing for JSON, which has a form to look at."""
        field, stored = self.fields[name], self[name].initial
        if isinstance(field, forms.ModelChoiceField):
            row = field.to_python(stored)
            return "–" if row is None else field.label_from_instance(row)
        if isinstance(field, forms.ChoiceField):
            return str(dict(field.choices).get(stored, stored))  # type: ignore[arg-type]
        if isinstance(stored, bool):
            return _("Yes") if stored else _("No")
        if isinstance(stored, dict | list):
            return ""
        return history.text_of(None if stored is None else str(stored))


def changes_of(row: models.Model) -> Mapping[str, tuple[str, str]]:
    """Map each column that was changed lately to who changed it last and when."""
    found: dict[str, tuple[str, str]] = {}
    for entry in history.entries_of(row)[:RECENT]:
        for column in entry.changes or {}:
            found.setdefault(column, (entry.actor_name or _("Somebody"), f"{entry.created_at:%Y-%m-%d %H:%M} UTC"))
    return found
