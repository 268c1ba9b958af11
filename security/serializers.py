"""How incidents and the audit trail look in the API."""

from rest_framework import serializers

from loctelli.api.serializers import ModelSerializer
from security.choices import ActorType
from security.models import AuditEntry, SecurityIncident


class SecurityIncidentSerializer(ModelSerializer):
    """Something that happened to the sub-account and was written down by the platform."""

    class Meta:
        model = SecurityIncident
        fields = [
            "id", "type", "severity", "description", "lead_id", "message_id", "user_id", "metadata", "resolved",
            "resolved_at", "resolved_by", "created_at", "updated_at", "sub_account_id",
        ]  # fmt: skip
        read_only_fields = fields


class AuditEntrySerializer(ModelSerializer):
    """One change of one thing of the sub-account: who, when, and each field before and after.

    Of more than 100 rows that were written at once there is one entry, which counts them.
    """

    address = serializers.SerializerMethodField(
        allow_null=True, help_text="Where it came from; not told of platform admins."
    )

    class Meta:
        model = AuditEntry
        fields = [
            "id", "action", "model", "object_id", "object_name", "changes", "rows", "object_ids", "deleted_along",
            "actor_type", "actor_id", "actor_name", "address", "request_id", "created_at", "sub_account_id",
        ]  # fmt: skip
        read_only_fields = fields
        columns = {"address": ["address", "actor_type"]}
        example = {
            "id": "c0019aabf53e28c1f0b7a9d24",
            "action": "update",
            "model": "crm.lead",
            "object_id": "27",
            "object_name": "Frank Adeyemi",
            "changes": {"status": ["lead", "closed"]},
            "rows": 1,
            "object_ids": None,
            "deleted_along": None,
            "actor_type": "user",
            "actor_id": "2",
            "actor_name": "Maya Torres",
            "address": "203.0.113.7",
            "request_id": "5f0d7a6e3f0c4f5d9d0f1f2a3b4c5d6e",
            "created_at": "2026-11-22T16:07:42.533486Z",
            "sub_account_id": 2,
        }

    def get_address(self, entry: AuditEntry) -> str | None:
        return None if entry.actor_type == ActorType.ADMIN else entry.address
