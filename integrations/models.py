"""Outside services: what can be connected, and what a sub-account has connected."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.choices import IntegrationStatus
from integrations.configuration import FIELD, validate_config, validate_schema
from loctelli.database.constraints import one_of
from loctelli.database.fields import ForeignKey, JSONField, StringField
from loctelli.database.models import StampedModel
from loctelli.errors import InvalidRequest
from security.config_secrets import (
    ConfigRefused,
    Place,
    mask_secrets,
    seal_secrets,
    seal_stored,
    unseal_secrets,
)
from security.fields import EncryptedTextField, assign_row_id, sealed
from tenants.access import Access
from tenants.models import RecordedModel, TenantModel


class IntegrationTemplate(RecordedModel, StampedModel):
    """A service that can be connected, and the JSON Schema of what a connection needs."""

    access: ClassVar[Access] = Access.CATALOGUE

    name = StringField()
    display_name = StringField()
    description = models.TextField(null=True, blank=True)
    category = StringField()
    icon = StringField(null=True, blank=True)

    created_by_admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT)

    config_schema = models.JSONField(help_text=_('JSON Schema; properties marked "secret": true are stored encrypted.'))
    setup_instructions = models.TextField(null=True, blank=True)
    webhook_url = StringField(null=True, blank=True)
    api_version = StringField(null=True, blank=True)
    is_active = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = "integration_templates"
        default_related_name = "integration_templates"

    def __str__(self) -> str:
        return self.display_name

    def save(self, *args, update_fields=None, **kwargs) -> None:
        """Save the template; raises InvalidSchema when configurations can't be held against its schema."""
        if update_fields is None or "config_schema" in update_fields:
            validate_schema(self.config_schema)
        super().save(*args, update_fields=update_fields, **kwargs)


class Integration(TenantModel, StampedModel):
    """A sub-account's connection to an outside service."""

    name = StringField()
    description = models.TextField(null=True, blank=True)

    integration_template = ForeignKey(IntegrationTemplate, on_delete=models.RESTRICT)
    created_by_admin = ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT)

    config = JSONField()
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

    @property
    def has_webhook_secret(self) -> bool:
        return self.sealed_webhook_secret is not None

    @property
    def masked_config(self) -> dict[str, Any]:
        """The configuration to show: {"set": true} in place of each secret that is there."""
        return mask_secrets(self.config, self.integration_template.config_schema)

    @property
    def revealed_config(self) -> dict[str, Any]:
        """The configuration with its secrets in plaintext, for the call that needs them."""
        return unseal_secrets(self.config, self.integration_template.config_schema, place=self._place)

    def configure(self, config: dict[str, Any]) -> None:
        """Take a configuration from outside; secrets left out or given back masked stay as they are. Doesn't save.

        Raises InvalidRequest with the path of each value that can't be stored or the template's JSON Schema refuses.
        """
        schema, stored = self.integration_template.config_schema, self.config or {}
        try:
            sealed_config = seal_secrets(config, schema, place=self._place, stored=stored)
        except ConfigRefused as error:
            raise InvalidRequest.at(f"{FIELD}.{error.path}", "invalid", error.detail) from error
        validate_config(unseal_secrets(sealed_config, schema, place=self._place), schema)
        self.config = sealed_config

    @property
    def _place(self) -> Place:
        return Place(self.tenant_id, self._meta.db_table, assign_row_id(self))

    def save(self, *args, update_fields=None, **kwargs) -> None:
        if update_fields is None or "config" in update_fields:
            # What the template has come to mark as a secret only since it was stored is encrypted now.
            self.config = seal_stored(self.config, self.integration_template.config_schema, place=self._place)
        if self._state.adding:
            # The row's number is taken beforehand, for ciphertext is bound to it: there is nothing to update.
            kwargs["force_insert"] = True
        super().save(*args, update_fields=update_fields, **kwargs)
