"""How incidents look in the API."""

from loctelli.api.serializers import ModelSerializer
from security.models import SecurityIncident


class SecurityIncidentSerializer(ModelSerializer):
    """Something that happened to the sub-account and was written down by the platform."""

    class Meta:
        model = SecurityIncident
        fields = [
            "id", "type", "severity", "description", "lead_id", "message_id", "user_id", "metadata", "resolved",
            "resolved_at", "resolved_by", "created_at", "updated_at", "sub_account_id",
        ]  # fmt: skip
        read_only_fields = fields
