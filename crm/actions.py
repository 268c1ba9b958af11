"""What the console does with leads, bookings and submissions, ticked or all that match."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.actions import ASSIGN, ASSIGN_OR_FREE
from accounts.models import AdminUser
from crm.choices import BookingStatus, ContactStatus, LeadStatus, Priority
from crm.stages import own_stages
from tenants.background import Outcome, each, locked, write
from tenants.console.bulk import BulkAction, RowsForm
from tenants.console.exporting import exports
from tenants.models import SubAccount


class ChoiceForm(RowsForm):
    """One value of a vocabulary for all rows."""

    name = ""
    label: Any = ""

    def __init__(self, *args: Any, rows: models.QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, rows=rows, **kwargs)
        self.fields[self.name] = forms.ChoiceField(
            label=self.label, choices=self.choices(), widget=UnfoldAdminSelectWidget()
        )

    def choices(self) -> list[tuple[str, Any]]:
        raise NotImplementedError


def choosing(name: str, label: Any, vocabulary: type[models.TextChoices]) -> type[ChoiceForm]:
    """Return the form that asks for one value of a vocabulary."""
    return type(
        "ChoosingForm", (ChoiceForm,), {"name": name, "label": label, "choices": lambda self: vocabulary.choices}
    )


class LeadStatusForm(ChoiceForm):
    """A stage that every sub-account has, or one that the sub-accounts of these leads have added."""

    name, label = "status", gettext_lazy("Status")

    def choices(self) -> list[tuple[str, Any]]:
        owners = self.rows.order_by().values("sub_account_id")
        added = {stage for stages in own_stages(SubAccount.objects.filter(pk__in=owners)).values() for stage in stages}
        return [*LeadStatus.choices, *((stage, stage) for stage in sorted(added - set(LeadStatus.values)))]


def change_lead_status(rows: models.QuerySet, *, by: AdminUser, status: str) -> Outcome:
    """Move leads to a stage; those whose sub-account doesn't have it stay where they are."""
    found = locked(rows, "pk", "sub_account_id", "status")
    outcome, fitting = Outcome(), found
    if status not in LeadStatus.values:
        stages = own_stages(SubAccount.objects.filter(pk__in={lead.sub_account_id for lead in found}))
        fitting = [lead for lead in found if status in stages.get(lead.sub_account_id, ())]
        outcome.refuse(gettext("its sub-account doesn't have that status."), len(found) - len(fitting))
    outcome.changed = write(rows, [lead for lead in fitting if lead.status != status], status=status)
    return outcome


def change_booking_status(rows: models.QuerySet, *, by: AdminUser, status: str) -> Outcome:
    return Outcome(write(rows, locked(rows.exclude(status=status), "pk"), status=status))


def change_priority(rows: models.QuerySet, *, by: AdminUser, priority: str) -> Outcome:
    return Outcome(write(rows, locked(rows.exclude(priority=priority), "pk"), priority=priority))


def moving(vocabulary: type[models.TextChoices], *stamps: str) -> Callable[..., Outcome]:
    """Return the action that moves submissions to a status, which stamps some of their dates."""

    def apply(rows: models.QuerySet, *, by: AdminUser, status: str) -> Outcome:
        def move(submission: Any) -> bool:
            if submission.status == status:
                return False
            submission.move_to(vocabulary(status))
            submission.save(update_fields=["status", *stamps])
            return True

        return each(rows, move)

    return apply


def submission_actions(vocabulary: type[models.TextChoices], *stamps: str) -> list[BulkAction]:
    """Return the actions on submissions of a kind."""
    return [
        ASSIGN_OR_FREE,
        BulkAction(
            "change_status",
            gettext_lazy("Change status"),
            moving(vocabulary, *stamps),
            form=choosing("status", gettext_lazy("Status"), vocabulary),
            icon="label",
        ),
        BulkAction(
            "change_priority",
            gettext_lazy("Change priority"),
            change_priority,
            form=choosing("priority", gettext_lazy("Priority"), Priority),
            icon="priority_high",
        ),
    ]


LEAD_ACTIONS = [
    ASSIGN,
    BulkAction("change_status", gettext_lazy("Change status"), change_lead_status, form=LeadStatusForm, icon="label"),
    *exports(
        "id", "sub_account.name", "name", "email", "phone", "company", "position", "custom_id", "timezone", "status",
        "regular_user.name", "strategy.name", "notes", "conversation_state", "last_message_date", "created_at",
        "updated_at",
    ),
]  # fmt: skip
BOOKING_ACTIONS = [
    BulkAction(
        "change_status",
        gettext_lazy("Change status"),
        change_booking_status,
        form=choosing("status", gettext_lazy("Status"), BookingStatus),
        icon="label",
    ),
]
CONTACT_ACTIONS = [
    *submission_actions(ContactStatus, "followed_up_at", "closed_at"),
    *exports(
        "id", "sub_account.name", "full_name", "email", "phone", "services", "message", "source", "status", "priority",
        "assigned_to.name", "notes", "submitted_at", "followed_up_at", "closed_at", "updated_at",
    ),
]  # fmt: skip
