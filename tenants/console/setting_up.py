"""What a new sub-account still lacks before its agent can work, each with the page that gives it."""

from typing import Any, NamedTuple

from django.apps import apps
from django.contrib import admin
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from tenants.console.lists import Link
from tenants.models import SubAccount


class Step(NamedTuple):
    """What is to be done, which rows tell that it is, and which row is added to do it."""

    words: Any
    # Any of these is enough.
    found: tuple[str, ...]
    added: str
    # What its form begins with, beside the sub-account.
    values: tuple[tuple[str, str], ...] = ()
    # The row without which it can't be done.
    needs: str | None = None


INVITATION = "tenants.SubAccountInvitation"
STEPS = (
    Step(_("Invite its people"), ("accounts.User", INVITATION), INVITATION),
    Step(
        _("Choose its prompt template"),
        ("agents.SubAccountPromptTemplate",),
        "agents.SubAccountPromptTemplate",
        (("is_active", "1"),),
    ),
    Step(_("Add a form"), ("forms.FormTemplate",), "forms.FormTemplate"),
    Step(_("Connect a service"), ("integrations.Integration",), "integrations.Integration"),
    Step(_("Write its agent's strategy"), ("agents.Strategy",), "agents.Strategy", needs="accounts.User"),
)


def still_to_do(request: HttpRequest, sub_account: SubAccount) -> list[Link]:
    """Return the steps that are left and that this admin may take; one query finds out."""
    labels = sorted({label for step in STEPS for label in step.found})
    exist = [Exists(model_of(label).filter(sub_account_id=OuterRef("pk"))) for label in labels]
    has = dict(zip(labels, SubAccount.objects.filter(pk=sub_account.pk).values_list(*exist).get(), strict=True))
    return [
        Link(step.words, add_url(step, sub_account))
        for step in STEPS
        if not any(has[label] for label in step.found)
        and (step.needs is None or has[step.needs])
        and admin.site._registry[apps.get_model(step.added)].has_add_permission(request)
    ]


def model_of(label: str) -> Any:
    # By name, for the models stand in layers above.
    return apps.get_model(label)._default_manager


def add_url(step: Step, sub_account: SubAccount) -> str:
    name = step.added.lower().replace(".", "_")
    return f"{reverse(f'admin:{name}_add')}?{urlencode([('sub_account', sub_account.pk), *step.values])}"
