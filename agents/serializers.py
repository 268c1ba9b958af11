"""How agents look in the API."""

from agents.models import PromptTemplate, Strategy, SubAccountPromptTemplate
from loctelli.api import fields
from loctelli.api.serializers import ModelSerializer, Serializer
from loctelli.errors import InvalidRequest
from tenants.serializers import TenantModelSerializer, offered


class PromptTemplateSerializer(ModelSerializer):
    """A base prompt that platform admins offer."""

    class Meta:
        model = PromptTemplate
        fields = [
            "id", "name", "description", "category", "base_system_prompt", "temperature", "max_tokens", "is_active",
            "tags", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class ChosenTemplateSerializer(TenantModelSerializer):
    """A prompt template the sub-account has chosen, and whether it is the active one."""

    class Meta:
        model = SubAccountPromptTemplate
        fields = ["id", "prompt_template_id", "is_active", "created_at", "updated_at", "sub_account_id"]
        read_only_fields = ["is_active", "sub_account_id"]
        includes = ["prompt_template"]


class StrategySerializer(TenantModelSerializer):
    """An agent: persona, style, questions, objections and closing."""

    class Meta:
        model = Strategy
        fields = [
            "id", "name", "description", "tag", "industry_context", "regular_user_id", "prompt_template_id", "ai_name",
            "ai_role", "company_background", "conversation_tone", "communication_style", "qualification_questions",
            "disqualification_rules", "objection_handling", "closing_strategy", "booking_instructions",
            "output_guidelines", "prohibited_behaviors", "delay_min", "delay_max", "metadata", "is_active",
            "created_at", "updated_at", "sub_account_id",
        ]  # fmt: skip
        extra_kwargs = {name: {"min_value": 0, "max_value": 86_400} for name in ("delay_min", "delay_max")}
        includes = ["regular_user", "prompt_template", "leads"]
        example = {
            "id": 3,
            "name": "Roof inspections",
            "regular_user_id": 7,
            "prompt_template_id": 1,
            "ai_name": "Sunny",
            "ai_role": "Books free roof inspections.",
            "conversation_tone": "Warm, brief, never pushy.",
            "qualification_questions": "Do you own the house? How old is the roof?",
            "objection_handling": "Too expensive: the inspection is free.",
            "closing_strategy": "Offer two dates.",
            "is_active": True,
            "sub_account_id": 2,
        }

    def validate_prompt_template_id(self, template: PromptTemplate) -> PromptTemplate:
        return offered(template, instead_of=getattr(self.instance, "prompt_template_id", None))

    def validate(self, attrs: dict) -> dict:
        shortest, longest = (attrs.get(name, getattr(self.instance, name, None)) for name in ("delay_min", "delay_max"))
        if shortest is not None and longest is not None and shortest > longest:
            raise InvalidRequest.at("delay_max", "below_minimum", "Must not be below delay_min.")
        return attrs


class DuplicateSerializer(Serializer):
    """What a copy is called and whose it is; both as the original's when left out."""

    name = fields.CharField(max_length=255, required=False)
    regular_user_id = fields.RelatedField(
        queryset=Strategy._meta.get_field("regular_user").related_model._default_manager, source="owner", required=False
    )


class SuccessorStrategySerializer(Serializer):
    """Which strategy gets another one's leads."""

    strategy_id = fields.RelatedField(queryset=Strategy._default_manager, source="strategy")
