"""What the console does with sub-accounts and invitations, ticked or all that match."""

from typing import Any

from django.db import models
from django.utils.translation import gettext, gettext_lazy, ngettext_lazy

from tenants.background import Outcome, locked, write
from tenants.closing import BEING_CLOSED, is_closing
from tenants.console.bulk import BulkAction, activation, deactivate
from tenants.models import SubAccount


def deactivate_sub_accounts(rows: models.QuerySet, *, by: Any) -> Outcome:
    """Deactivate sub-accounts but for ONBOARDING: their people can't sign in, and what they have open ends."""
    found: list[SubAccount] = [row for row in locked(rows) if row.is_active]
    others = [row for row in found if not row.is_onboarding]
    outcome = Outcome()
    outcome.refuse(gettext("ONBOARDING, where new people wait, stays active."), len(found) - len(others))
    outcome.changed = write(rows, others, is_active=False)
    return outcome


def activate_sub_accounts(rows: models.QuerySet, *, by: Any) -> Outcome:
    """Activate sub-accounts but for those that are being closed."""
    found = locked(rows.exclude(is_active=True))
    others = [row for row in found if not is_closing(row.pk)]
    outcome = Outcome()
    outcome.refuse(str(BEING_CLOSED), len(found) - len(others))
    outcome.changed = write(rows, others, is_active=True)
    return outcome


SUB_ACCOUNT_ACTIONS = activation(
    on=activate_sub_accounts,
    off=deactivate_sub_accounts,
    warning=gettext_lazy("Their people can't sign in any more, and what they have open ends. Nothing is deleted."),
)
INVITATION_ACTIONS = [
    BulkAction(
        "revoke",
        gettext_lazy("Revoke"),
        deactivate,
        done=ngettext_lazy("%(count)d invitation revoked.", "%(count)d invitations revoked.", "count"),
        icon="block",
        warning=gettext_lazy("Nobody can join with their codes any more."),
        hidden_if=lambda invitation: not invitation.is_active,
    )
]
