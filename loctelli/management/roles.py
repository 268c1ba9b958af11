"""Who may do what, told by the code itself: `docs/roles.md` is written from here, and tested cell by cell."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import models
from drf_spectacular.generators import EndpointEnumerator
from rest_framework.permissions import AllowAny

from accounts.choices import AdminRole, UserRole
from accounts.models import AdminUser
from accounts.permissions import may
from loctelli.console.groups import GROUPS

PREFIX = "/api/v1/"
ROLES = (UserRole.USER, UserRole.MANAGER, UserRole.ADMIN)
METHODS = ("GET", "POST", "PATCH", "DELETE")
YES, NO = "✓", ""
SUPER_ADMIN, NOBODY = "super admin", "–"
# What can be done with a model in the console, by the name of Django's permission for it.
CONSOLE_ACTIONS = ("view", "add", "change", "delete")

INTRODUCTION = """\
# Who may do what

Written by `manage.py roles` from what the code declares. A test fails when it is out of date, and others try each cell.

## Within a sub-account, over the API

Each view declares the lowest role for reading, writing, deleting and whatever differs; `accounts/permissions.py` is the
one place that asks. What a view doesn't declare is for admins. People in ONBOARDING have joined no sub-account yet.
Nobody changes their own role upwards or their own sub-account, and the last active admin of a sub-account stays one
unless a request says `?last_admin=true`.
"""
CONSOLE_INTRODUCTION = """
## In the console

A super admin may do all that anybody may. What another admin may do is listed in their `permissions`: by a permission's
name as it stands below, by a model (`crm.lead`) or by an app (`crm`). A dash is for nobody: the platform writes these.
Actions on a list, such as unlocking, ask for the model's `change` permission, also where no row is changed by hand.
Adding a row takes viewing what it has to refer to as well. Other references to what an admin may not view are shown to
them and not asked for.
"""


@dataclass(frozen=True)
class Access:
    """What it takes to use one method of one address, and who has it: ONBOARDING, user, manager, admin."""

    method: str
    path: str
    cells: tuple[bool, ...]
    is_open: bool

    @property
    def address(self) -> str:
        return f"{self.method} {self.path.removeprefix(PREFIX)}"


@dataclass(frozen=True)
class ConsoleAccess:
    """What it takes to do each of CONSOLE_ACTIONS with a model: permissions' names, or SUPER_ADMIN or NOBODY alone."""

    label: str
    cells: tuple[tuple[str, ...], ...]

    @property
    def name(self) -> str:
        return str(apps.get_model(self.label)._meta.verbose_name_plural)


def api_access() -> list[Access]:
    """Return who may use which method of which address of the API, as the URLconf and the views have it."""
    found = [
        _access(method, path, callback)
        for path, _, method, callback in EndpointEnumerator().get_api_endpoints()
        if path.startswith(PREFIX) and method in METHODS
    ]
    return sorted(found, key=lambda access: (not access.is_open, access.path, METHODS.index(access.method)))


def _access(method: str, path: str, callback: Any) -> Access:
    view = callback.cls
    if AllowAny in view.permission_classes:
        return Access(method, path, (True,) * (len(ROLES) + 1), is_open=True)
    action = (getattr(callback, "actions", None) or {}).get(method.lower())
    cells = tuple(may(role, view, action) for role in ROLES)
    # Whoever waits in ONBOARDING is a user there.
    return Access(method, path, (getattr(view, "open_to_onboarding", False) and cells[0], *cells), is_open=False)


def console_access() -> list[ConsoleAccess]:
    """Return what the console's own admin classes ask for, in the order of its sidebar."""
    return [
        ConsoleAccess(label, tuple(_needed(label, action) for action in CONSOLE_ACTIONS))
        for group in GROUPS
        for label in group.models
    ]


def _needed(label: str, action: str) -> tuple[str, ...]:
    model = apps.get_model(label)
    permissions = [permission_for(action, model)]
    if action == "add":
        needed = admin.site._registry[model].needed_to_add()  # type: ignore[attr-defined]
        permissions += [permission_for("view", field.related_model) for field in needed]
    if not _lets(model, action, AdminUser(role=AdminRole.SUPER_ADMIN)):
        return (NOBODY,)
    return tuple(permissions) if _lets(model, action, AdminUser(permissions=permissions)) else (SUPER_ADMIN,)


def permission_for(action: str, model: type[models.Model]) -> str:
    return f"{model._meta.app_label}.{action}_{model._meta.model_name}"


def _lets(model: type[models.Model], action: str, somebody: AdminUser) -> bool:
    asked = getattr(admin.site._registry[model], f"has_{action}_permission")
    return bool(asked(SimpleNamespace(user=somebody, GET={}, POST={})))


def document() -> str:
    """Return docs/roles.md as it should be."""
    return INTRODUCTION + "\n".join(["", *_api_table(), CONSOLE_INTRODUCTION, *_console_table(), ""])


def _api_table() -> Iterator[str]:
    yield f"| `{PREFIX}…` | no token | ONBOARDING | {' | '.join(ROLES)} |"
    yield "|---" + "|:-:" * (len(ROLES) + 2) + "|"
    for access in api_access():
        cells = [access.is_open, *access.cells]
        yield _row(f"`{access.address}`", *(YES if cell else NO for cell in cells))


def _console_table() -> Iterator[str]:
    yield _row("", *CONSOLE_ACTIONS)
    yield "|---" * (len(CONSOLE_ACTIONS) + 1) + "|"
    for access in console_access():
        yield _row(access.name, *(", ".join(map(_in_code, cell)) for cell in access.cells))


def _in_code(name: str) -> str:
    return name if name in (SUPER_ADMIN, NOBODY) else f"`{name}`"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"
