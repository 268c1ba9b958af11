"""The audit trail: who changed what, field by field. Models and querysets write it; see tenants.trail."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from loctelli.database.constraints import one_of
from loctelli.database.fields import CuidField, StringField
from security.choices import ActorType, AuditAction
from tenants.access import Access
from tenants.managers import TenantManager
from tenants.models import RecordedModel
from tenants.trail import TABLE


class NewKey(models.Func):
    """A key in cuid form: the time keeps keys together in the index, the random part apart."""

    template = (
        "'c' || lpad(to_hex((date_part('epoch', clock_timestamp()) * 1000)::bigint), 12, '0') "
        "|| left(replace(gen_random_uuid()::text, '-', ''), 12)"
    )
    output_field = StringField()
    allowed_default = True


class AuditEntry(RecordedModel):
    """One change of one row, or of very many at once. It outlives what it names, so it has no foreign key."""

    access: ClassVar[Access] = Access.APPENDED

    # Key and time are the table's to give: no writer has a right to them.
    id = CuidField(db_default=NewKey())
    sub_account_id = models.BigIntegerField(null=True, help_text=_("Empty for what belongs to the platform."))

    actor_type = StringField(choices=ActorType)
    actor_id = StringField(null=True)
    actor_name = StringField()
    address = StringField(null=True)
    request_id = StringField(null=True)

    action = StringField(choices=AuditAction)
    model = StringField(help_text=_('What kind of thing, such as "crm.lead".'))
    object_id = StringField(help_text=_("Empty when very many rows were written at once."))
    object_name = StringField()
    changes = models.JSONField(
        help_text=_('{"field": [before, after]}; secrets are "***". What very many rows held before is left out.')
    )
    rows = models.IntegerField(
        default=1, db_default=1, help_text=_("How many were written at once, when very many were.")
    )
    object_ids = models.JSONField(null=True, help_text=_("The first 1,000 of those rows."))
    deleted_along = models.JSONField(
        null=True, help_text=_("How many rows of which table went along, with all rows that were deleted at once.")
    )

    created_at = models.DateTimeField(db_default=Now())

    objects = TenantManager()

    class Meta:
        db_table = TABLE
        default_related_name = "audit_entries"
        base_manager_name = "objects"
        default_manager_name = "objects"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        constraints = [
            one_of("actor_type", ActorType, name="audit_entries_actor_type"),
            one_of("action", AuditAction, name="audit_entries_action"),
        ]
        indexes = [
            # What happened in a sub-account, newest last.
            models.Index(fields=["sub_account_id", "created_at", "id"], name="audit_entries_newest"),
            # The history of one thing.
            models.Index(fields=["model", "object_id", "created_at"], name="audit_entries_object"),
            # What happened on the platform, and what the pruning job deletes.
            models.Index(fields=["created_at"], name="audit_entries_age"),
        ]

    def __str__(self) -> str:
        who = self.actor_name or self.get_actor_type_display()
        return f"{who}: {self.get_action_display()} {self.model} {self.object_id}"
