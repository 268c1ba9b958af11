"""The base of serializers of what belongs to a sub-account, and the sub-account's own."""

from loctelli.api.serializers import ModelSerializer
from tenants.models import SubAccount


class TenantModelSerializer(ModelSerializer):
    """A tenant's row: whose it is can be read and is never taken from a request.

    Ids of other rows are looked up through their tenant manager, so that a foreign one does not exist.
    """

    # A sealed column is opened with its tenant's key.
    always_reads = ("sub_account",)

    def build_relational_field(self, field_name, relation_info):
        field_class, kwargs = super().build_relational_field(field_name, relation_info)
        if field_name == "sub_account":
            kwargs = {"read_only": True}
        return field_class, kwargs


class SubAccountSerializer(ModelSerializer):
    """The business whose data this is."""

    class Meta:
        model = SubAccount
        fields = ["id", "name", "description", "is_active", "settings", "created_at", "updated_at"]
        read_only_fields = ["is_active"]
        includes = ["users"]
        example = {
            "id": 2,
            "name": "Acme Roofing",
            "description": "Roofs and gutters in Springfield.",
            "is_active": True,
            "settings": {"lead_statuses": ["quoted"]},
            "created_at": "2026-01-05T09:00:00Z",
            "updated_at": "2026-03-01T16:20:00Z",
        }
