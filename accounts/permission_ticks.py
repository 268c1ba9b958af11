"""An admin's permissions as a table of ticks: what there is in the console, by what can be done with it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from accounts.permissions_of_admins import ACTIONS, grants_permission, validate_permissions

NAMES = {
    "view": gettext_lazy("View"),
    "add": gettext_lazy("Add"),
    "change": gettext_lazy("Change"),
    "delete": gettext_lazy("Delete"),
}


@dataclass(frozen=True, slots=True)
class Tick:
    """One box of the table: a permission's name, None where there is none to give."""

    permission: str | None
    ticked: bool
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: what is in the console under that name."""

    app: str
    name: str
    ticks: list[Tick]


def lines(granted: Iterable[str] | None) -> list[Line]:
    """Return the table with what these permissions grant ticked, ordered as people look for it."""
    granted, found = list(granted or ()), []
    for model, model_admin in admin.site._registry.items():
        grantable = getattr(model_admin, "grantable", ACTIONS)
        if not grantable:
            continue
        meta = model._meta
        name = capfirst(str(meta.verbose_name_plural))
        names = {action: f"{meta.app_label}.{action}_{meta.model_name}" for action in grantable}
        ticked = {action for action in names if grants_permission(granted, names[action])}
        ticks = [Tick(names.get(action), action in ticked, f"{name}: {NAMES[action]}") for action in ACTIONS]
        found.append(Line(str(meta.app_config.verbose_name), name, ticks))
    return sorted(found, key=lambda line: (line.app, line.name))


def names_of(granted: Iterable[str] | None) -> set[str]:
    """Return the names of all permissions that a list grants, of those that can be given."""
    return {tick.permission for line in lines(granted) for tick in line.ticks if tick.permission and tick.ticked}


class PermissionTicks(forms.Widget):
    """The table."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return list(data.getlist(name)) if hasattr(data, "getlist") else list(data.get(name) or ())

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        # Boxes that nobody ticked send nothing.
        return False

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        table = lines(value if isinstance(value, list) else [])
        context = {"name": name, "lines": table, "actions": [NAMES[action] for action in ACTIONS]}
        return render_to_string("console/permission_ticks.html", context)


class PermissionsField(forms.Field):
    """The names of what was ticked; None for nothing."""

    widget = PermissionTicks

    def to_python(self, value: Any) -> list[str] | None:
        return sorted({name for name in value if name}) or None

    def validate(self, value: Any) -> None:
        super().validate(value)
        validate_permissions(value or [])

    def has_changed(self, initial: Any, data: Any) -> bool:
        # A model's or an app's name stands for all that it grants.
        return names_of(initial) != names_of(data)


def kept_or(granted: list[str] | None, chosen: list[str] | None) -> list[str] | None:
    """Return what is stored: what was granted by names of models and apps stays so while the ticks are the same."""
    return granted if names_of(granted) == names_of(chosen) else chosen
