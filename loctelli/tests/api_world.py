"""One row of every resource of the API, and the document that describes them all."""

from functools import cache
from types import SimpleNamespace
from typing import Any

from django import conf
from django.db import models
from drf_spectacular.generators import SchemaGenerator

from accounts import tokens
from accounts.middleware import OPENING_OWN_SCOPES, UNBOUND_PREFIX
from accounts.tests.factories import UserFactory, issue_token
from agents.tests.factories import StrategyFactory, SubAccountPromptTemplateFactory
from crm.conversations import append_message
from crm.tests.factories import BookingFactory, ContactSubmissionFactory, LeadFactory
from forms.tests.factories import FormSubmissionFactory, FormTemplateFactory
from integrations.tests.factories import IntegrationFactory, IntegrationTemplateFactory
from security.choices import MessageRole
from security.models import AuditEntry, RefreshToken
from security.tests.factories import SecurityIncidentFactory
from tenants.scope import system_scope

PREFIX = "/api/v1/"
# What they are about is named by a code or token in the body.
FINDING_BY_BODY = {
    "/api/v1/auth/invitations/validate/",
    "/api/v1/auth/register-and-join/",
    "/api/v1/auth/register/confirm/",
    "/api/v1/me/join/",
}


@cache
def document() -> dict:
    """Return the OpenAPI document of the whole API."""
    return SchemaGenerator().get_schema(request=None, public=True)


def operations() -> list[tuple[str, str, dict]]:
    """Return (method, path, operation) of everything the document describes."""
    return [
        (method, path, operation)
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "patch", "delete")
    ]


def lift_throttles(settings: Any) -> None:
    """Let any number of requests of every kind through."""
    for name in dir(conf.settings):
        if name.endswith("_THROTTLE"):
            setattr(settings, name, "100000000/60")


def is_idempotent(method: str, path: str) -> bool:
    """Return whether an operation takes an Idempotency-Key: what a sub-account's scope is open for."""
    return method != "get" and not path.startswith((UNBOUND_PREFIX, *OPENING_OWN_SCOPES))


def furnish(cast: SimpleNamespace) -> dict[str, models.Model]:
    """Make one row of every resource for acme, under the resource's name in the address."""
    with system_scope("test"):
        lead = LeadFactory(strategy=cast.acme_strategy)
        message = append_message(lead, role=MessageRole.USER, content="Tuesday works for me.")
        form = FormTemplateFactory(sub_account=cast.acme, created_by_admin=cast.ada)
        service = IntegrationTemplateFactory(created_by_admin=cast.ada)
        return {
            "users": UserFactory(sub_account=cast.acme),
            "me": RefreshToken.objects.get(pk=tokens.verify(str(issue_token(cast.alice))).session),
            "prompt-templates": cast.template,
            "chosen-prompt-templates": SubAccountPromptTemplateFactory(
                sub_account=cast.acme, prompt_template=cast.template
            ),
            "strategies": StrategyFactory(regular_user=cast.alice, prompt_template=cast.template),
            "leads": lead,
            "bookings": BookingFactory(lead=lead),
            "contact-submissions": ContactSubmissionFactory(sub_account=cast.acme),
            "conversation-messages": message,
            "form-templates": form,
            "form-submissions": FormSubmissionFactory(form_template=form),
            "integration-templates": service,
            "integrations": IntegrationFactory(sub_account=cast.acme, integration_template=service),
            "security-incidents": SecurityIncidentFactory(sub_account_id=cast.acme.pk),
            "audit-entries": AuditEntry.objects.filter(sub_account_id=cast.acme.pk).earliest("created_at"),
        }


def references(cast: SimpleNamespace, rows: dict[str, models.Model]) -> dict[str, int | str]:
    """Return an id that is there for every field that refers to something."""
    return {
        "regular_user_id": cast.alice.pk,
        "user_id": cast.alice.pk,
        "assigned_to_id": cast.alice.pk,
        "strategy_id": cast.acme_strategy.pk,
        "prompt_template_id": cast.template.pk,
        "lead_id": rows["leads"].pk,
        "integration_template_id": rows["integration-templates"].pk,
        "form_template_id": rows["form-templates"].pk,
    }


def resource_of(path: str) -> str:
    """Return the name of the resource a path begins with, such as "leads"."""
    return path.removeprefix(PREFIX).partition("/")[0]
