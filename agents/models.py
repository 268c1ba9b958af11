"""The agents: the prompt templates they start from and the strategies that make them somebody."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loctelli.database.fields import ForeignKey, StringField
from loctelli.database.models import StampedModel
from tenants.access import Access
from tenants.models import RecordedModel, TenantModel


class PromptTemplate(RecordedModel, StampedModel):
    """The base prompt agents start from, made by platform admins for all sub-accounts."""

    access: ClassVar[Access] = Access.CATALOGUE

    name = StringField()
    description = models.TextField(null=True, blank=True)
    category = StringField(null=True, blank=True)

    created_by_admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT)

    base_system_prompt = models.TextField()
    temperature = models.FloatField(null=True, blank=True, default=0.7, db_default=0.7)
    max_tokens = models.IntegerField(null=True, blank=True)
    is_active = models.BooleanField(default=False, db_default=False)
    tags = ArrayField(models.TextField(), default=list, db_default=[], blank=True)

    class Meta:
        db_table = "prompt_templates"
        default_related_name = "prompt_templates"
        indexes = [
            # The templates of one category.
            models.Index(fields=["category"], name="prompt_templates_category"),
            # The templates one admin made.
            models.Index(fields=["created_by_admin"], name="prompt_templates_creator"),
        ]

    def __str__(self) -> str:
        return self.name


class SubAccountPromptTemplate(TenantModel, StampedModel):
    """A prompt template that a sub-account has chosen; one of them at most is the active one."""

    prompt_template = ForeignKey(PromptTemplate, on_delete=models.CASCADE)
    is_active = models.BooleanField(default=False, db_default=False)

    class Meta(TenantModel.Meta):
        db_table = "subaccount_prompt_templates"
        default_related_name = "sub_account_templates"
        verbose_name = _("chosen prompt template")
        constraints = [
            models.UniqueConstraint(
                fields=["sub_account", "prompt_template"],
                name="subaccount_prompt_templates_once",
                violation_error_message=_("This sub-account has chosen that template already."),
            ),
            models.UniqueConstraint(
                fields=["sub_account"],
                condition=Q(is_active=True),
                name="subaccount_prompt_templates_one_active",
                violation_error_message=_("Another template is this sub-account's active one."),
            ),
        ]
        indexes = [
            # The active template of a sub-account.
            models.Index(fields=["sub_account", "is_active"], name="chosen_templates_active"),
            # Who uses a template, when it is to be deleted.
            models.Index(fields=["prompt_template"], name="chosen_templates_template"),
        ]

    def __str__(self) -> str:
        return gettext("%(template)s for %(sub_account)s") % {
            "template": self.prompt_template,
            "sub_account": self.sub_account,
        }


class Strategy(TenantModel, StampedModel):
    """An agent: who it is, how it talks, what it asks, how it answers objections and how it closes."""

    name = StringField()
    description = models.TextField(null=True, blank=True)
    tag = StringField(null=True, blank=True)
    industry_context = StringField(null=True, blank=True)

    regular_user = ForeignKey("accounts.User", on_delete=models.CASCADE)
    prompt_template = ForeignKey(PromptTemplate, on_delete=models.RESTRICT)

    ai_name = StringField(_("AI name"))
    ai_role = models.TextField(_("AI role"))
    company_background = models.TextField(null=True, blank=True)
    conversation_tone = models.TextField()
    communication_style = models.TextField(null=True, blank=True)
    qualification_questions = models.TextField()
    disqualification_rules = models.TextField(null=True, blank=True)
    objection_handling = models.TextField()
    closing_strategy = models.TextField()
    booking_instructions = models.TextField(null=True, blank=True)
    output_guidelines = models.TextField(null=True, blank=True)
    prohibited_behaviors = models.TextField(null=True, blank=True)
    delay_min = models.IntegerField(null=True, blank=True, help_text=_("Seconds before an answer, at least."))
    delay_max = models.IntegerField(null=True, blank=True, help_text=_("Seconds before an answer, at most."))

    metadata = models.JSONField(null=True, blank=True)
    is_active = models.BooleanField(default=True, db_default=True)

    class Meta(TenantModel.Meta):
        db_table = "strategies"
        default_related_name = "strategies"
        verbose_name_plural = _("strategies")
        indexes = [
            # One person's strategies, and what goes with a deleted person.
            models.Index(fields=["regular_user"], name="strategies_regular_user"),
            # Who uses a template, when it is to be deleted.
            models.Index(fields=["prompt_template"], name="strategies_prompt_template"),
            # A sub-account's strategies, newest first.
            models.Index(fields=["sub_account", "created_at", "id"], name="strategies_newest"),
        ]

    def __str__(self) -> str:
        return self.name
