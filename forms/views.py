"""The API's doors to forms and their submissions."""

from accounts.choices import UserRole
from crm.views import SubmissionViewSet
from forms.models import FormTemplate
from forms.serializers import FormSubmissionSerializer, FormTemplateSerializer
from loctelli.errors import StillReferenced
from tenants.deletion import what_goes_along
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

    def perform_destroy(self, instance: FormTemplate) -> None:
        deletion = what_goes_along([instance])
        if deletion.is_refused:
            raise StillReferenced("Submissions came in through this form: deactivate it.", counts=deletion.counts)
        super().perform_destroy(instance)


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
    search_fields = ("data",)
