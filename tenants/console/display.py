"""How the console shows values: statuses as coloured badges, JSON readably, secrets only as set or not set."""

import json
from collections.abc import Callable
from typing import Any

from django.db import models
from django.utils.html import format_html
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from tenants.console.labels import LABELS

NOT_SET = gettext_lazy("Not set")


def badge(name: str, colours: dict[str, str] | None = None) -> Callable:
    """Return a list column that shows a field as a badge; `colours` maps values to success, info, warning or danger."""

    @display(description=LABELS.get(name, name), ordering=name, label=colours or True)
    def show(row: models.Model) -> Any:
        value = getattr(row, name)
        if value is None:
            return None
        words = getattr(row, f"get_{name}_display", lambda: value)()
        return (value, words) if colours and value in colours else words

    # Django names the column's CSS class after the function.
    show.__name__ = name
    return show


def as_json(value: Any) -> str:
    """Return a value as indented JSON to read; never trusted as HTML."""
    if value is None:
        return "–"
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return format_html('<pre class="whitespace-pre-wrap break-words max-w-4xl">{}</pre>', text)


def set_or_not(value: Any) -> str:
    """Return whether there is a secret, never the secret."""
    return str(gettext_lazy("Set") if value else NOT_SET)
