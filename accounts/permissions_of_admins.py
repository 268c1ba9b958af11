"""What a platform admin's `permissions` grant: a list of permission names, models and apps."""

from collections.abc import Iterable

from django.apps import apps
from django.core.exceptions import ValidationError

ACTIONS = ("view", "add", "change", "delete")


def grants_permission(granted: Iterable[str] | None, permission: str) -> bool:
    """Return whether the list grants a permission such as "crm.change_lead": by its name, its model or its app."""
    app_label, _, codename = permission.partition(".")
    model = codename.partition("_")[2]
    return not {permission, f"{app_label}.{model}", app_label}.isdisjoint(granted or ())


def grants_module(granted: Iterable[str] | None, app_label: str) -> bool:
    """Return whether the list grants anything within an app."""
    return any(name.partition(".")[0] == app_label for name in granted or ())


def validate_permissions(value: object) -> None:
    """Raise ValidationError unless the value is a list of existing permission names, models and apps."""
    if not isinstance(value, list):
        raise ValidationError("Must be a list of permission names.", code="not_a_list")
    known = set()
    for model in apps.get_models():
        app_label, name = model._meta.app_label, model._meta.model_name
        known |= {app_label, f"{app_label}.{name}", *(f"{app_label}.{action}_{name}" for action in ACTIONS)}
    for name in value:
        if not isinstance(name, str) or name not in known:
            raise ValidationError(f"{name!r} is no permission, model or app.", code="unknown_permission")
