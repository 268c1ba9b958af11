"""What the platform offers all sub-accounts, and withdraws: prompt templates and services to connect."""

from typing import Any

from loctelli.errors import Conflict
from tenants.access import Access


class TemplateInactive(Conflict):
    """A template that platform admins have withdrawn can't be chosen anew; where it was chosen before it stays."""

    code = "template_inactive"
    detail = "This template isn't available any more: choose another one."


def check_offered(chosen: Any, *, instead_of: int | None = None) -> None:
    """Raise TemplateInactive when a withdrawn template is chosen; the one of this key was chosen before, and stays."""
    if is_withdrawn(chosen) and chosen.pk != instead_of:
        raise TemplateInactive


def is_withdrawn(chosen: Any) -> bool:
    """Return whether something is a template of the catalogue that is offered no more."""
    return getattr(chosen, "access", None) is Access.CATALOGUE and not chosen.is_active
