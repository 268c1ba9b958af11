"""The API's doors to a sub-account's own incidents and its audit trail."""

from django.db import models

from loctelli.api.filtersets import FilterSet, TextFilter
from security.models import AuditEntry
from security.serializers import AuditEntrySerializer, SecurityIncidentSerializer
from tenants.trail import about
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


class About(TextFilter):
    """Entries about one thing."""

    def filter(self, qs: models.QuerySet, value: str) -> models.QuerySet:
        return qs.filter(about(value)) if value else qs


class AuditEntryFilters(FilterSet):
    """Entries by what they are about, who acted, and when."""

    object_id = About(help_text="Only about the thing with this id, also where it is one of very many at once.")

    class Meta:
        model = AuditEntry
        fields = {
            "model": ["exact"],
            "object_id": ["exact"],
            "actor_type": ["exact"],
            "actor_id": ["exact"],
            "action": ["exact"],
            "created_at": ["gte", "lt"],
        }


class AuditEntryViewSet(TenantReadOnlyViewSet):
    """Who changed what in the sub-account, field by field. For its admins; nobody can change an entry."""

    serializer_class = AuditEntrySerializer
    filterset_class = AuditEntryFilters
    # Of a trail that is long, these are answered for a time alone.
    filters_read_through = ("model", "actor_type", "actor_id", "action")
    unless_filtered_by = "object_id"
    ordering = "-created_at"
    ordering_fields = ("created_at",)
