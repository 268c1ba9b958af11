"""Outside services: what can be connected, and what a sub-account has connected."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from integrations.choices import IntegrationStatus
from loctelli.database.constraints import one_of
from loctelli.database.fields import ForeignKey, StringField
from loctelli.database.models import StampedModel
from security.fields import EncryptedTextField, sealed
from tenants.access import Access
from tenants.models import TenantModel


class IntegrationTemplate(StampedModel):
    """A service that can be connected, and the JSON Schema of what a connection needs."""

    access: ClassVar[Access] = Access.CATALOGUE

    name = StringField()
    display_name = StringField()
    description = models.TextField(null=True, blank=True)
    category = StringField()
    icon = StringField(null=True, blank=True)

    created_by_admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT)

    config_schema = models.JSONField(help_text='JSON Schema; properties marked "secret": true are stored encrypted.')
    setup_instructions = models.TextField(null=True, blank=True)
    webhook_url = StringField(null=True, blank=True)
    api_version = StringField(null=True, blank=True)
    is_active = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = "integration_templates"
        default_related_name = "integration_templates"

    def __str__(self) -> str:
        return self.display_name


class Integration(TenantModel, StampedModel):
    """A sub-account's connection to an outside service."""

    name = StringField()
    description = models.TextField(null=True, blank=True)

    integration_template = ForeignKey(IntegrationTemplate, on_delete=models.RESTRICT)
    created_by_admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT)

    config = models.JSONField()
    webhook_secret = EncryptedTextField(null=True, blank=True)

    is_active = models.BooleanField(default=False, db_default=False)
    status = StringField(
        choices=IntegrationStatus, default=IntegrationStatus.PENDING, db_default=IntegrationStatus.PENDING.value
    )
    last_sync_at = models.DateTimeField(null=True, blank=True, editable=False)
    error_message = models.TextField(null=True, blank=True, editable=False)

    class Meta(TenantModel.Meta):
        db_table = "integrations"
        default_related_name = "integrations"
        constraints = [
            one_of("status", IntegrationStatus, name="integrations_status"),
            models.CheckConstraint(
                condition=Q(webhook_secret__isnull=True) | sealed("webhook_secret"),
                name="integrations_webhook_secret_sealed",
            ),
        ]
        indexes = [
            # Who uses a template, when it is to be deleted.
            models.Index(fields=["integration_template"], name="integrations_template"),
            # A sub-account's integrations, newest first.
            models.Index(fields=["sub_account", "created_at", "id"], name="integrations_newest"),
        ]

    def __str__(self) -> str:
        return self.name
