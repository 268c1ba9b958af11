"""The API's doors to forms and their submissions."""

from accounts.choices import UserRole
from crm.views import SubmissionViewSet
from forms.serializers import FormSubmissionSerializer, FormTemplateSerializer
from tenants.views import TenantViewSet


class FormTemplateViewSet(TenantViewSet):
    """The sub-account's own forms, and everyone's to read: a change to one of those finds nothing (404)."""

    serializer_class = FormTemplateSerializer
    read_role = UserRole.USER
    write_role = delete_role = UserRole.MANAGER
    filterset_fields = {"slug": ["exact"], "is_active": ["exact"], "sub_account_id": ["isnull"]}
    search_fields = ("name", "title", "slug")
    ordering_fields = ("created_at", "name")
    ordering = "-created_at"


class FormSubmissionViewSet(SubmissionViewSet):
    """What came in through forms."""

    serializer_class = FormSubmissionSerializer
    filterset_fields = {
        "form_template_id": ["exact"],
        "status": ["exact", "in"],
        "priority": ["exact", "in"],
        "assigned_to_id": ["exact", "isnull"],
        "submitted_at": ["gte", "lt"],
    }
