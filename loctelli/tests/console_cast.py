"""A browser's session in the console, and one row of every model to look at there."""

import re
from datetime import timedelta
from types import SimpleNamespace

from django.apps import apps
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AdminUser
from accounts.tests.factories import AdminUserFactory
from agents.tests.factories import SubAccountPromptTemplateFactory
from crm.conversations import append_message
from crm.tests.factories import BookingFactory, ContactSubmissionFactory, LeadFactory
from forms.tests.factories import FormSubmissionFactory, FormTemplateFactory
from integrations.tests.factories import IntegrationFactory, IntegrationTemplateFactory
from loctelli.console.groups import GROUPS
from loctelli.offboarding.models import Closing
from security.models import AccountLockout, AuthAttempt, PasswordHistory, RefreshToken
from security.tests.factories import SecurityIncidentFactory
from tenants.models import BackgroundAction
from tenants.scope import system_scope
from tenants.tests.factories import SubAccountInvitationFactory

LABELS = [label for group in GROUPS for label in group.models]
READ_ONLY = {label for group in GROUPS if group.name == "Security" for label in group.models} | {
    "offboarding.closing",
    "tenants.backgroundaction",
}

# Secrets as they are stored or were given; none may stand on any page.
SECRETS = {
    "password": "argon2$",
    "api key": "sk-live-of-acme",
    "webhook secret": "whsec-of-acme",
    "ciphertext": "enc:v1:",
    "invitation code": "stored-code-hash",
    "token hash": "5704ed70",
    "password history": "stored-old-hash",
}


def signed_in(admin: AdminUser) -> Client:
    """Return a test client that is signed in to the console."""
    client = Client()
    client.force_login(admin)
    return client


def limited_admin(*permissions: str) -> AdminUser:
    """Return an admin who may do just this."""
    with system_scope("test"):
        return AdminUserFactory(role="admin", permissions=list(permissions))


def page(label: str, name: str, *args: object) -> str:
    """Return the address of a model's page: changelist, add, change, history or delete."""
    return reverse(f"console:{label.replace('.', '_')}_{name}", args=args)


def act(client: Client, label: str, action: str, *rows: models.Model, **form):
    """Tick rows of a list, choose an action, and answer its page with a form, if there is one."""
    keys = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(page(label, "changelist"), keys | form, follow=True)


def the_one(model: type[models.Model], **lookup) -> models.Model:
    """Return a row as it is stored now."""
    with system_scope("test"):
        return model._base_manager.select_related().get(**lookup)


def exists(row: models.Model) -> bool:
    with system_scope("test"):
        return type(row)._base_manager.filter(pk=row.pk).exists()


def a_row_of(label: str) -> models.Model:
    """Return the newest row of a model."""
    return apps.get_model(label)._base_manager.order_by("pk").last()


def text(response) -> str:
    """Return what a page says, without its tags, in single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def fill(cast: SimpleNamespace) -> SimpleNamespace:
    """Give both businesses one row of every model, with every secret set; return those the tests name."""
    now = timezone.now()
    with system_scope("test"):
        rows = {}
        for owner, strategy in ((cast.globex, cast.globex_strategy), (cast.acme, cast.acme_strategy)):
            slug = owner.name.lower()
            lead = LeadFactory(
                strategy=strategy, name=f"Lead of {owner.name}", message_history=[{"role": "user", "content": "Hello"}]
            )
            append_message(lead, role="user", content=f"What does {owner.name} cost?")
            form = FormTemplateFactory(sub_account=owner, created_by_admin=cast.ada, slug=f"form-of-{slug}")
            integration = IntegrationFactory.build(
                sub_account=owner,
                integration_template=IntegrationTemplateFactory(created_by_admin=cast.ada),
                created_by_admin=cast.ada,
                webhook_secret=f"whsec-of-{slug}",
                config={},
            )
            integration.configure({"apiKey": f"sk-live-of-{slug}", "locationId": "loc_1"})
            integration.save()
            rows[slug] = SimpleNamespace(
                lead=lead,
                booking=BookingFactory(lead=lead),
                contact=ContactSubmissionFactory(sub_account=owner),
                form=form,
                submission=FormSubmissionFactory(form_template=form),
                integration=integration,
                chosen=SubAccountPromptTemplateFactory(sub_account=owner, prompt_template=cast.template),
                invitation=SubAccountInvitationFactory(
                    sub_account=owner,
                    code=f"stored-code-hash-{slug}",
                    password=cast.alice.password,
                    created_by_admin=cast.ada,
                ),
                incident=SecurityIncidentFactory(sub_account_id=owner.pk),
                token=RefreshToken.objects.create(
                    user_id=1,
                    account_type="user",
                    token_hash=f"{'5704ed70' * 7}{len(slug):08x}",
                    family=slug,
                    ip_address="192.0.2.1",
                    expires_at=now + timedelta(days=7),
                    session_expires_at=now + timedelta(days=30),
                ),
                lockout=AccountLockout.objects.create(
                    email=f"{slug}@x.example", account_type="user", failed_attempts=5, locked_until=now
                ),
            )
            AuthAttempt.objects.create(
                email="eve@x.example", account_type="user", success=False, ip_address="192.0.2.1"
            )
            PasswordHistory.objects.create(user_id=1, account_type="user", password_hash="stored-old-hash")
        BackgroundAction.objects.create(
            admin=cast.ada,
            title="Assign (leads)",
            model="crm.lead",
            action="assign",
            total=2000,
            done=1000,
            status="running",
        )
        Closing.objects.create(sub_account_number=999, sub_account_name="Initech", about={}, admin=cast.ada, total=1)
        return SimpleNamespace(**rows)
