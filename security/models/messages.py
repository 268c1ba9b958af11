"""The encrypted messages of conversations and the keys they are encrypted with."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loctelli.database.constraints import HEX_DIGEST, base64_from, base64_of, one_of, shaped
from loctelli.database.fields import CuidField, ForeignKey, StringField
from loctelli.database.models import StampedModel
from security import integrity, message_cipher
from security.choices import MessageRole
from security.keys import KEY_BYTES, KEY_ID, NONCE_BYTES, TAG_BYTES
from tenants.access import Recording
from tenants.models import TenantModel
from tenants.search import SearchIndex


class DataKey(TenantModel):
    """A sub-account's own data key, wrapped by a key of the ring. Deleting it shreds what it encrypted."""

    recording: ClassVar[Recording] = Recording.NEVER

    kid = StringField(help_text=_("Which key of the ring wraps it."))
    wrapped_key = models.TextField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        db_table = "data_keys"
        default_related_name = "data_keys"
        constraints = [
            models.UniqueConstraint(fields=["sub_account"], name="data_keys_one_each"),
            shaped("kid", f"^{KEY_ID.pattern}$", name="data_keys_kid"),
            shaped("wrapped_key", base64_of(NONCE_BYTES + KEY_BYTES + TAG_BYTES), name="data_keys_wrapped_key"),
        ]

    def __str__(self) -> str:
        return f"Data key {self.pk}"


class ConversationMessage(TenantModel, StampedModel):
    """One message of a lead's conversation, encrypted, and chained to the one before by its integrity hash."""

    recording: ClassVar[Recording] = Recording.COUNTED

    id = CuidField()
    lead = ForeignKey("crm.Lead", on_delete=models.CASCADE)

    role = StringField(choices=MessageRole)
    encrypted_content = models.TextField()
    salt = StringField()
    iv = StringField()
    integrity_hash = StringField()
    validation_score = models.FloatField(default=0.0, db_default=0.0)
    metadata = models.JSONField(null=True, blank=True)

    message_timestamp = models.DateTimeField()

    search_index = SearchIndex(searches=("lead.name", "lead.email", "lead.phone", "lead.company"), through="lead")

    class Meta(TenantModel.Meta):
        db_table = "conversation_messages"
        default_related_name = "conversation_messages"
        constraints = [
            one_of("role", MessageRole, name="conversation_messages_role"),
            shaped("encrypted_content", base64_from(TAG_BYTES), name="conversation_messages_encrypted_content"),
            shaped("salt", base64_of(message_cipher.SALT_BYTES), name="conversation_messages_salt"),
            shaped("iv", base64_of(NONCE_BYTES), name="conversation_messages_iv"),
            shaped("integrity_hash", HEX_DIGEST, name="conversation_messages_integrity_hash"),
        ]
        indexes = [
            # One lead's conversation in order.
            models.Index(fields=["sub_account", "lead", "message_timestamp"], name="messages_conversation"),
            # A sub-account's messages in order.
            models.Index(fields=["sub_account", "message_timestamp", "id"], name="messages_in_order"),
            # What was said in the last days, to count it.
            BrinIndex(fields=["message_timestamp"], name="messages_said"),
        ]

    def __str__(self) -> str:
        return gettext("%(role)s at %(at)s") % {
            "role": self.get_role_display(),
            "at": f"{self.message_timestamp:%Y-%m-%d %H:%M}",
        }

    @property
    def content(self) -> str:
        """What was said; raises DecryptionFailed when any part of it was changed."""
        place = {"sub_account_id": self.sub_account_id, "row_id": self.pk}
        with integrity.reporting(**place, table=message_cipher.TABLE, column=message_cipher.COLUMN):
            return message_cipher.unseal_message(self.encrypted_content, self.salt, self.iv, **place)
