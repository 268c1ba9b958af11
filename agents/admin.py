"""The console's pages of prompt templates, who has chosen them, and strategies."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from agents.actions import CHOICE_ACTIONS, STRATEGY_ACTIONS, TEMPLATE_ACTIONS
from agents.import_pages import PromptTemplateImports, StrategyImports
from agents.models import PromptTemplate, Strategy, SubAccountPromptTemplate
from agents.services import save_active_choice
from tenants.catalogue import TemplateInactive, is_withdrawn
from tenants.console.forms import ConsoleForm
from tenants.console.lists import Related
from tenants.console.model_admin import ConsoleAdmin
from tenants.console.reassigning import ReassigningAdmin


@admin.register(PromptTemplate)
class PromptTemplateAdmin(PromptTemplateImports):
    actions = TEMPLATE_ACTIONS
    list_display = ["name", "category", "is_active", "created_by_admin", "updated_at"]
    list_filter = ["is_active", "category"]
    search_fields = ["name", "description", "category"]
    helps = {"is_active": _("Only what is active can be chosen for sub-accounts and strategies.")}
    ordering = ["name", "id"]
    leads_to = (
        Related("agents.Strategy", "prompt_template__id__exact", _("Strategies that use it")),
        Related("agents.SubAccountPromptTemplate", "prompt_template__id__exact", _("Sub-accounts that chose it")),
    )
    fieldsets = [
        (None, {"fields": ["name", "description", "category", "tags", "is_active"]}),
        (_("Prompt"), {"fields": ["base_system_prompt"]}),
        (_("Model"), {"fields": ["temperature", "max_tokens"]}),
    ]

    def has_choose_permission(self, request: HttpRequest) -> bool:
        """Return whether this admin may say which prompt template is a sub-account's active one."""
        return request.user.has_perm("agents.change_subaccountprompttemplate")


class ChoiceForm(ConsoleForm):
    """A sub-account's choice of a prompt template: as the active one it takes the place of the one before."""

    def _get_validation_exclusions(self) -> set[str]:
        # That there is one active choice is seen to by saving it.
        return super()._get_validation_exclusions() | {"is_active"}  # type: ignore[misc]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "is_active" in self.fields:
            self.fields["is_active"].help_text = _("It takes the place of the one that is active there now.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        becomes_active = cleaned.get("is_active") and "is_active" in self.changed_data
        # Some see which one it is without being asked for another.
        shown = "prompt_template" in self.fields
        template = cleaned.get("prompt_template") if shown else self.instance.prompt_template
        if becomes_active and is_withdrawn(template) and not self.has_error("prompt_template"):
            told = ValidationError(gettext(TemplateInactive.detail), code=TemplateInactive.code)
            self.add_error("prompt_template" if shown else None, told)
        return cleaned


@admin.register(SubAccountPromptTemplate)
class SubAccountPromptTemplateAdmin(ConsoleAdmin):
    form = ChoiceForm
    actions = CHOICE_ACTIONS
    list_display = ["prompt_template", "sub_account", "is_active", "created_at"]
    list_filter = ["is_active", ("prompt_template", AutocompleteSelectFilter)]
    search_fields = ["prompt_template__name", "sub_account__name"]
    ordering = ["sub_account", "id"]
    fieldsets = [(None, {"fields": ["sub_account", "prompt_template", "is_active"]})]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if obj.is_active:
            save_active_choice(obj)
        else:
            super().save_model(request, obj, form, change)


@admin.register(Strategy)
class StrategyAdmin(StrategyImports, ReassigningAdmin):
    actions = STRATEGY_ACTIONS
    list_display = ["name", "sub_account", "regular_user", "prompt_template", "tag", "is_active", "updated_at"]
    list_filter = [
        "is_active",
        ("regular_user", AutocompleteSelectFilter),
        ("prompt_template", AutocompleteSelectFilter),
    ]
    search_fields = ["name", "description", "tag", "ai_name"]
    leads_to = (Related("crm.Lead", "strategy__id__exact", _("Leads")),)
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    fieldsets = [
        (
            None,
            {"fields": ["sub_account", "regular_user", "prompt_template", "name", "description", "tag", "is_active"]},
        ),
        (_("Identity"), {"fields": ["ai_name", "ai_role", "industry_context", "company_background"]}),
        (_("Tone"), {"fields": ["conversation_tone", "communication_style"]}),
        (_("Qualification"), {"fields": ["qualification_questions", "disqualification_rules"]}),
        (_("Closing"), {"fields": ["objection_handling", "closing_strategy", "booking_instructions"]}),
        (_("Limits"), {"fields": ["prohibited_behaviors", "output_guidelines", "delay_min", "delay_max", "metadata"]}),
    ]
