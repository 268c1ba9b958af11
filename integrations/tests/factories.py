"""Integrations for tests."""

import factory

from accounts.tests.factories import AdminUserFactory
from integrations.models import Integration, IntegrationTemplate


class IntegrationTemplateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = IntegrationTemplate

    name = factory.Sequence(lambda number: f"Service{number}")
    display_name = factory.Sequence(lambda number: f"Service {number}")
    category = "CRM"
    config_schema = factory.LazyFunction(
        lambda: {
            "type": "object",
            "properties": {"apiKey": {"type": "string", "secret": True}, "locationId": {"type": "string"}},
            "required": ["locationId"],
            "additionalProperties": False,
        }
    )
    created_by_admin = factory.SubFactory(AdminUserFactory)


class IntegrationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Integration

    name = factory.Sequence(lambda number: f"Integration {number}")
    sub_account = factory.SubFactory("tenants.tests.factories.SubAccountFactory")
    integration_template = factory.SubFactory(IntegrationTemplateFactory)
    created_by_admin = factory.SelfAttribute("sub_account.created_by_admin")
    config = factory.LazyFunction(lambda: {"locationId": "loc_1"})
