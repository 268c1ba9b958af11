"""What the console does with prompt templates and strategies beyond their forms."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.utils.translation import gettext, gettext_lazy, ngettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.choices import UserRole
from accounts.models import AdminUser, User
from agents.models import Strategy, SubAccountPromptTemplate
from agents.services import LONGEST_NAME, activate_prompt_template, copy_strategy
from tenants.background import Outcome, each
from tenants.console.bulk import BulkAction, RowsForm, activation
from tenants.console.exporting import exports
from tenants.console.forms import Autocomplete
from tenants.models import ONBOARDING_ID, SubAccount


class SubAccountForm(RowsForm):
    """An active sub-account."""

    reference: Any = SubAccountPromptTemplate._meta.get_field("sub_account")

    def __init__(self, *args: Any, rows: models.QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, rows=rows, **kwargs)
        self.fields["sub_account"] = forms.ModelChoiceField(
            SubAccount.objects.filter(is_active=True),
            label=gettext("Sub-account"),
            widget=Autocomplete(self.reference, admin.site),
        )


class ChoiceForm(SubAccountForm):
    """The sub-account that a prompt template becomes the active one of."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if len(self.rows.values_list("pk", flat=True)[:2]) > 1:
            self.add_error(None, gettext("A sub-account has one active prompt template: choose one."))
        return cleaned


class CopyForm(SubAccountForm):
    """Where a copy of a strategy goes, whose it is there, and what it is called."""

    reference = Strategy._meta.get_field("sub_account")

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=LONGEST_NAME,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("As the original's, with “(copy)” behind it, when empty."),
    )

    def __init__(self, *args: Any, rows: models.QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, rows=rows, **kwargs)
        where: Any = self.fields["sub_account"]
        where.queryset = SubAccount.objects.filter(is_active=True).exclude(pk=ONBOARDING_ID)
        self.fields["person"] = forms.ModelChoiceField(
            User.objects.filter(is_active=True).exclude(role=UserRole.SYSTEM),
            label=gettext("Person"),
            required=False,
            widget=Autocomplete(Strategy._meta.get_field("regular_user"), admin.site),
            help_text=gettext("Somebody of that sub-account; its first active admin when empty."),
        )
        self.order_fields(["sub_account", "person", "name"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        sub_account, person = cleaned.get("sub_account"), cleaned.get("person")
        if sub_account is None:
            return cleaned
        if person is None:
            admins = User.objects.filter(sub_account=sub_account, role=UserRole.ADMIN, is_active=True)
            person = cleaned["person"] = admins.order_by("pk").first()
        if person is None:
            self.add_error("person", gettext("That sub-account has no active admin: choose a person."))
        elif person.sub_account_id != sub_account.pk:
            self.add_error("person", gettext("This person belongs to another sub-account."))
        return cleaned


def copy_to(rows: models.QuerySet, *, by: AdminUser, sub_account: SubAccount, person: User, name: str) -> Outcome:
    """Copy strategies into a sub-account."""
    copies: list[models.Model] = []
    outcome = each(rows, lambda strategy: copies.append(copy_strategy(strategy, owner=person, name=name or None)))
    outcome.made = copies
    return outcome


def choose_template(rows: models.QuerySet, *, by: AdminUser, sub_account: SubAccount) -> Outcome:
    """Make a prompt template the active one of a sub-account."""
    return each(rows, lambda template: activate_prompt_template(sub_account, template=template) is not None)


def make_active(rows: models.QuerySet, *, by: AdminUser) -> Outcome:
    """Make chosen prompt templates the active ones of their sub-accounts; of several of one, the last one."""

    def make(choice: SubAccountPromptTemplate) -> bool:
        return activate_prompt_template(choice.sub_account, template=choice.prompt_template).pk == choice.pk

    return each(rows, make)


TEMPLATE_ACTIONS = [
    BulkAction(
        "choose_template",
        gettext_lazy("Make it the active one of a sub-account"),
        choose_template,
        form=ChoiceForm,
        permissions=["choose"],
        offers=[SubAccount._meta.label],
        icon="fact_check",
        warning=gettext_lazy("It takes the place of the prompt template that is active there now."),
    ),
    *activation(),
    *exports(
        "id", "name", "description", "category", "base_system_prompt", "temperature", "max_tokens", "is_active", "tags",
        "created_at", "updated_at",
    ),
]  # fmt: skip
CHOICE_ACTIONS = [
    BulkAction(
        "make_active",
        gettext_lazy("Make it the active one"),
        make_active,
        done=ngettext_lazy("%(count)d is active now.", "%(count)d are active now.", "count"),
        icon="fact_check",
        warning=gettext_lazy("It takes the place of the prompt template that is active there now."),
        hidden_if=lambda choice: choice.is_active,
    )
]
STRATEGY_ACTIONS = [
    BulkAction(
        "copy",
        gettext_lazy("Copy to a sub-account"),
        copy_to,
        done=ngettext_lazy("%(count)d was copied.", "%(count)d were copied.", "count"),
        form=CopyForm,
        permissions=["add"],
        icon="content_copy",
        warning=gettext_lazy(
            "The copy is inactive until somebody has looked at it, and comes without leads. Its prompt template is "
            "among those that the sub-account can choose from then."
        ),
    ),
    *activation(),
    *exports(
        "id", "sub_account.name", "regular_user.name", "prompt_template.name", "name", "description", "tag",
        "industry_context", "ai_name", "ai_role", "company_background", "conversation_tone", "communication_style",
        "qualification_questions", "disqualification_rules", "objection_handling", "closing_strategy",
        "booking_instructions", "output_guidelines", "prohibited_behaviors", "delay_min", "delay_max", "metadata",
        "is_active", "created_at", "updated_at",
    ),
]  # fmt: skip
