"""Answers kept for writes that may come again."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from loctelli.database.fields import StringField
from tenants.access import Recording
from tenants.models.rows import TenantModel


class IdempotencyKey(TenantModel):
    """The answer once given to a write that its client may send again."""

    recording: ClassVar[Recording] = Recording.NEVER

    user_id = models.BigIntegerField()
    key = StringField()
    fingerprint = StringField(help_text=_("SHA-256 of method, path and body."))
    status = models.IntegerField(null=True)
    body = models.TextField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta(TenantModel.Meta):
        db_table = "idempotency_keys"
        default_related_name = "idempotency_keys"
        constraints = [
            models.UniqueConstraint(fields=["sub_account", "user_id", "key"], name="idempotency_keys_once"),
        ]
        indexes = [
            # What the pruning job deletes.
            models.Index(fields=["created_at"], name="idempotency_keys_age"),
        ]

    def __str__(self) -> str:
        return self.key
