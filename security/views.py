"""The API's doors to a sub-account's own incidents and its audit trail."""

from security.serializers import AuditEntrySerializer, SecurityIncidentSerializer
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


class AuditEntryViewSet(TenantReadOnlyViewSet):
    """Who changed what in the sub-account, field by field. For its admins; nobody can change an entry."""

    serializer_class = AuditEntrySerializer
    filterset_fields = {
        "model": ["exact"],
        "object_id": ["exact"],
        "actor_type": ["exact"],
        "actor_id": ["exact"],
        "action": ["exact"],
        "created_at": ["gte", "lt"],
    }
    ordering = "-created_at"
    ordering_fields = ("created_at",)
