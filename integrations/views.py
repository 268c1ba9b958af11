"""The API's doors to integrations."""

from accounts.choices import UserRole
from integrations.serializers import IntegrationSerializer, IntegrationTemplateSerializer
from tenants.views import TenantReadOnlyViewSet, TenantViewSet


class IntegrationTemplateViewSet(TenantReadOnlyViewSet):
    """The services that can be connected."""

    serializer_class = IntegrationTemplateSerializer
    read_role = UserRole.USER
    filterset_fields = {"category": ["exact"], "is_active": ["exact"], "name": ["exact"]}
    search_fields = ("name", "display_name", "description")
    ordering_fields = ("id", "name", "created_at")


class IntegrationViewSet(TenantViewSet):
    """The sub-account's connections to outside services. For its admins; managers may read."""

    serializer_class = IntegrationSerializer
    read_role = UserRole.MANAGER
    write_role = delete_role = UserRole.ADMIN
    filterset_fields = {"status": ["exact"], "is_active": ["exact"], "integration_template_id": ["exact"]}
    search_fields = ("name", "description")
    ordering_fields = ("id", "name", "created_at")
