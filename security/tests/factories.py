"""Security records for tests."""

import factory

from security.models import SecurityIncident


class SecurityIncidentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SecurityIncident

    type = "PROMPT_INJECTION"
    severity = "HIGH"
    description = "A message tried to change the agent's instructions."
