"""Prompt templates and strategies for tests; a child belongs to its parent's sub-account."""

import factory

from accounts.tests.factories import AdminUserFactory, UserFactory
from agents.models import PromptTemplate, Strategy, SubAccountPromptTemplate


class PromptTemplateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PromptTemplate

    name = factory.Sequence(lambda number: f"Template {number}")
    base_system_prompt = "You are a sales agent."
    is_active = True
    created_by_admin = factory.SubFactory(AdminUserFactory)


class StrategyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Strategy

    name = factory.Sequence(lambda number: f"Strategy {number}")
    regular_user = factory.SubFactory(UserFactory)
    sub_account = factory.SelfAttribute("regular_user.sub_account")
    prompt_template = factory.SubFactory(PromptTemplateFactory)
    ai_name = "Sunny"
    ai_role = "Sales agent"
    conversation_tone = "Warm and brief"
    qualification_questions = "What is your budget?"
    objection_handling = "Acknowledge, then explain."
    closing_strategy = "Offer two dates."


class SubAccountPromptTemplateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SubAccountPromptTemplate

    sub_account = factory.SubFactory("tenants.tests.factories.SubAccountFactory")
    prompt_template = factory.SubFactory(PromptTemplateFactory)
