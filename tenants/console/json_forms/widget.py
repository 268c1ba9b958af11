"""The widget of a JSON column: a textarea, in step with the inputs that a script makes from the schema."""

from typing import Any

from django import forms
from django.forms.widgets import Script
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop
from unfold.widgets import UnfoldAdminTextareaWidget

from loctelli.shapes import Fault
from tenants.console.json_forms.labels import translated

# What the script says.
WORDS = {
    "add": gettext_noop("Add"),
    "addValue": gettext_noop("Add another value"),
    "choose": gettext_noop("Choose the template first: its form then opens here."),
    "clear": gettext_noop("Clear"),
    "copy": gettext_noop("Copy to all"),
    "copied": gettext_noop("%s was copied to all."),
    "down": gettext_noop("Move %s down"),
    "form": gettext_noop("Form"),
    "inexact": gettext_noop("This holds numbers that a browser can't show exactly: only its JSON can be changed here."),
    "instructions": gettext_noop("How to set it up"),
    "item": gettext_noop("Item %s"),
    "kind": gettext_noop("Kind"),
    "kinds.boolean": gettext_noop("Yes or no"),
    "kinds.json": gettext_noop("JSON"),
    "kinds.number": gettext_noop("Number"),
    "kinds.string": gettext_noop("Text"),
    "moved": gettext_noop("%s is now number %s of %s."),
    "name": gettext_noop("Name"),
    "no": gettext_noop("No"),
    "noJson": gettext_noop("This is no JSON yet, so there is no form of it: %s"),
    "none": gettext_noop("None yet."),
    "notSet": gettext_noop("Not set"),
    "others": gettext_noop("Other values"),
    "raw": gettext_noop("JSON"),
    "remove": gettext_noop("Remove %s"),
    "removed": gettext_noop("%s was removed."),
    "replace": gettext_noop("Replace"),
    "set": gettext_noop("Set"),
    "setIt": gettext_noop("Enter"),
    "twice": gettext_noop("a name stands in the same object twice."),
    "undo": gettext_noop("Leave as it was"),
    "up": gettext_noop("Move %s up"),
    "view": gettext_noop("How to show this"),
    "willBeCleared": gettext_noop("Cleared when saved"),
    "yes": gettext_noop("Yes"),
}

# The id of the list of time zones that the script offers to inputs that ask for it.
TIME_ZONES = "json-form-time-zones"


class JSONWidget(UnfoldAdminTextareaWidget):
    """The textarea and, beside it, what the script needs: schema, words, and what was found wrong where."""

    schema: dict[str, Any] | None = None
    # Where the script gets the schema when another row is chosen: the select's name and an address.
    schema_source: str | None = None
    schema_url: str | None = None

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"rows": 12, "spellcheck": "false", **(attrs or {})})
        self.faults: list[Fault] = []
        # What is stored, for secrets that were typed anew and not saved yet.
        self.kept: Any = None
        # Changes with what is stored, where the value that is shown doesn't: a secret in place of another.
        self.version: str | None = None

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        # Without its script, this is a textarea of JSON.
        textarea = super().render(name, value, attrs, renderer)
        if self.version is not None:
            textarea += format_html('<input type="hidden" name="{}-version" value="{}">', name, self.version)
        return format_html('<div class="json-form" data-json-form>{}{}</div>', textarea, json_script(self.for_script()))

    def for_script(self) -> dict[str, Any]:
        """Return what the script reads."""
        return {
            "schema": translated(self.schema),
            "faults": [fault._asdict() for fault in self.faults],
            "words": {key: gettext(word) for key, word in WORDS.items()},
            "kept": self.kept,
            "source": self.schema_source,
            "url": self.schema_url,
        }

    @property
    def media(self) -> forms.Media:
        script: Any = Script("loctelli/json_form/form.js", type="module")
        return forms.Media(css={"all": ["loctelli/json_form/form.css"]}, js=[script])
