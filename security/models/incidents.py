"""Incidents: what somebody has to look at."""

from typing import ClassVar

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from loctelli.database.constraints import one_of
from loctelli.database.fields import CuidField, StringField
from loctelli.database.models import StampedModel
from security.choices import IncidentType, Severity
from tenants.access import Access
from tenants.managers import TenantManager
from tenants.models import RecordedModel


class SecurityIncident(RecordedModel, StampedModel):
    """Something that happened to a sub-account or the platform. It outlives what it names, so it has no foreign key."""

    access: ClassVar[Access] = Access.READABLE

    id = CuidField()
    type = StringField(choices=IncidentType)
    severity = StringField(choices=Severity)
    description = models.TextField()

    sub_account_id = models.BigIntegerField(null=True, blank=True, help_text=_("Empty for the platform as a whole."))
    lead_id = models.BigIntegerField(null=True, blank=True)
    message_id = StringField(null=True, blank=True)
    user_id = models.BigIntegerField(null=True, blank=True)
    metadata = models.JSONField(null=True, blank=True)

    resolved = models.BooleanField(default=False, db_default=False)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = StringField(null=True, blank=True)

    objects = TenantManager()

    class Meta:
        db_table = "security_incidents"
        default_related_name = "security_incidents"
        base_manager_name = "objects"
        default_manager_name = "objects"
        constraints = [one_of("severity", Severity, name="security_incidents_severity")]
        indexes = [
            # One sub-account's incidents, newest last.
            models.Index(fields=["sub_account_id", "created_at"], name="incidents_sub_account"),
            # Incidents of one kind over all sub-accounts.
            models.Index(fields=["type", "created_at"], name="incidents_type"),
            # The queue: unresolved first, newest first.
            models.Index(F("resolved"), F("created_at").desc(), name="incidents_unresolved"),
        ]

    def __str__(self) -> str:
        return f"{self.get_severity_display()}: {self.get_type_display()}"
