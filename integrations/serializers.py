"""How integrations look in the API: their secrets are written, never read."""

from integrations.models import Integration, IntegrationTemplate
from loctelli.api import fields
from loctelli.api.serializers import ModelSerializer
from tenants.serializers import TenantModelSerializer, offered


class IntegrationTemplateSerializer(ModelSerializer):
    """A service that can be connected, and the JSON Schema of what a connection needs."""

    class Meta:
        model = IntegrationTemplate
        fields = [
            "id", "name", "display_name", "description", "category", "icon", "config_schema", "setup_instructions",
            "webhook_url", "api_version", "is_active", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class ConfigField(fields.JSONObjectField):
    """The configuration. Each secret reads as {"set": true} or null; left out or written back so, it stays as it is."""

    def get_attribute(self, instance: Integration) -> Integration:
        return instance

    def to_representation(self, value: Integration) -> dict:
        return value.masked_config


class IntegrationSerializer(TenantModelSerializer):
    """A connection to an outside service."""

    config = ConfigField()
    webhook_secret = fields.CharField(write_only=True, required=False, allow_null=True, max_length=1000)
    webhook_secret_set = fields.BooleanField(read_only=True, source="has_webhook_secret")

    class Meta:
        model = Integration
        fields = [
            "id", "name", "description", "integration_template_id", "config", "webhook_secret", "webhook_secret_set",
            "is_active", "status", "last_sync_at", "error_message", "created_at", "updated_at", "sub_account_id",
        ]  # fmt: skip
        read_only_fields = ["status"]
        create_only = ["integration_template_id"]
        columns = {
            "config": ["config", "integration_template", "integration_template__config_schema"],
            "webhook_secret_set": ["webhook_secret"],
        }
        includes = ["integration_template"]
        example = {
            "id": 4,
            "name": "Our GoHighLevel",
            "integration_template_id": 1,
            "config": {"apiKey": {"set": True}, "locationId": "loc_8gX"},
            "webhook_secret_set": False,
            "is_active": False,
            "status": "pending",
            "sub_account_id": 2,
        }

    def validate_integration_template_id(self, template: IntegrationTemplate) -> IntegrationTemplate:
        return offered(template)

    def create(self, validated_data: dict) -> Integration:
        config = validated_data.pop("config")
        integration = Integration(
            **validated_data,
            config={},
            created_by_admin_id=self.context["request"].user.sub_account_created_by_admin_id,
        )
        integration.configure(config)
        integration.save()
        return integration

    def update(self, instance: Integration, validated_data: dict) -> Integration:
        if "config" in validated_data:
            instance.configure(validated_data["config"])
            validated_data["config"] = instance.config
        return super().update(instance, validated_data)
