"""How forms and their submissions look in the API."""

from django.core.validators import validate_slug

from crm.serializers import NotesField
from forms.choices import SubmissionStatus
from forms.models import FormSubmission, FormTemplate
from forms.schema import FORM_SCHEMA
from loctelli.api import fields
from tenants.serializers import TenantModelSerializer


class FormSchemaField(fields.Shaped, fields.JSONArrayField):
    """The form's fields, in order: each has an id of its own, a type and a label."""

    shape = FORM_SCHEMA


class FormTemplateSerializer(TenantModelSerializer):
    """A form. One without a sub-account is everyone's, and only platform admins change it."""

    slug = fields.CharField(max_length=100, validators=[validate_slug])
    schema = FormSchemaField(help_text="The form's fields, in order: each has an id of its own, a type and a label.")
    is_global = fields.BooleanField(read_only=True)

    class Meta:
        model = FormTemplate
        fields = [
            "id", "name", "slug", "description", "is_active", "schema", "title", "subtitle", "submit_button_text",
            "success_message", "requires_wake_up", "wake_up_interval", "is_global", "created_at", "updated_at",
            "sub_account_id",
        ]  # fmt: skip
        columns = {"is_global": ["sub_account"]}
        extra_kwargs = {"wake_up_interval": {"min_value": 5, "max_value": 3600}}
        example = {
            "id": "cm3k2v9x8q1w7e5r4t6y0u2i1",
            "name": "Free inspection",
            "slug": "free-inspection",
            "title": "Book a free roof inspection",
            "schema": [{"id": "name", "type": "text", "label": "Your name", "required": True}],
            "is_active": True,
            "is_global": False,
            "sub_account_id": 2,
        }

    def create(self, validated_data: dict) -> FormTemplate:
        creator = self.context["request"].user.sub_account_created_by_admin_id
        return super().create({**validated_data, "created_by_admin_id": creator})


class FormSubmissionSerializer(TenantModelSerializer):
    """What came in through a form. What the person sent stays as it is; status, priority and assignment change."""

    notes = NotesField(read_only=True, allow_null=True)
    status = fields.ChoiceField(choices=SubmissionStatus.choices, required=False)

    class Meta:
        model = FormSubmission
        fields = [
            "id", "form_template_id", "data", "files", "ip_address", "user_agent", "source", "status", "priority",
            "assigned_to_id", "notes", "submitted_at", "reviewed_at", "contacted_at", "updated_at", "sub_account_id",
        ]  # fmt: skip
        read_only_fields = [name for name in fields if name not in ("status", "priority", "assigned_to_id")]
        includes = ["form_template", "assigned_to"]

    def update(self, instance: FormSubmission, validated_data: dict) -> FormSubmission:
        if "status" in validated_data:
            instance.move_to(SubmissionStatus(validated_data["status"]))
            validated_data |= {"reviewed_at": instance.reviewed_at, "contacted_at": instance.contacted_at}
        return super().update(instance, validated_data)
