"""The API's door to a sub-account's own incidents."""

from security.serializers import SecurityIncidentSerializer
from tenants.views import TenantReadOnlyViewSet


class SecurityIncidentViewSet(TenantReadOnlyViewSet):
    """What happened to the sub-account. For its admins."""

    serializer_class = SecurityIncidentSerializer
    filterset_fields = {
        "type": ["exact"],
        "severity": ["exact", "in"],
        "resolved": ["exact"],
        "lead_id": ["exact"],
        "created_at": ["gte", "lt"],
    }
    ordering = "-created_at"
    ordering_fields = ("created_at",)
