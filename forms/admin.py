"""The console's pages of forms and of what came in through them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, FieldTextFilter

from crm.notes_admin import NotesAdmin, NotesForm
from forms.actions import SUBMISSION_ACTIONS
from forms.choices import SubmissionStatus
from forms.models import FormSubmission, FormTemplate
from tenants.console.bulk import activation
from tenants.console.display import badge
from tenants.console.filters import by_month
from tenants.console.json_forms.chosen import ChosenSchema
from tenants.console.lists import Related
from tenants.console.model_admin import ConsoleAdmin

STATUS_COLOURS = {"new": "info", "contacted": "warning", "processed": "success"}
PRIORITY_COLOURS = {"LOW": "info", "HIGH": "warning", "URGENT": "danger"}


@admin.register(FormTemplate)
class FormTemplateAdmin(ConsoleAdmin):
    actions = activation()
    list_display = ["name", "slug", "sub_account", "is_active", "created_by_admin", "updated_at"]
    list_filter = ["is_active"]
    search_fields = ["name", "slug", "title"]
    prepopulated_fields = {"slug": ["name"]}
    helps = {"slug": _("The last part of the form's address, such as roof-check.")}
    leads_to = (Related("forms.FormSubmission", "form_template__id__exact", _("Submissions")),)
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    fieldsets = [
        (None, {"fields": ["sub_account", "name", "slug", "description", "is_active"]}),
        (_("What people see"), {"fields": ["title", "subtitle", "submit_button_text", "success_message"]}),
        (_("Fields"), {"fields": ["schema"]}),
        (_("Wake-up"), {"fields": ["requires_wake_up", "wake_up_interval"]}),
    ]


def schema_of_answers(template: FormTemplate) -> dict[str, Any]:
    """Return what answers are called, as those who gave them read it; whatever else was sent stays by its name."""
    asked = [field for field in template.schema if isinstance(field, dict) and field.get("id") and field.get("label")]
    return {
        "type": "object",
        "x-open": True,
        "properties": {str(field["id"]): {"title": str(field["label"])} for field in asked},
    }


ANSWERS = ChosenSchema(FormSubmission, "data", reference="form_template", schema_of=schema_of_answers)


class FormSubmissionForm(NotesForm):
    """A submission's form, with its answers by the questions of its form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "data" in self.fields and self.instance.form_template_id is not None:
            self.fields["data"].widget.schema = schema_of_answers(self.instance.form_template)
        elif "data" in self.fields:
            ANSWERS.show(self)


@admin.register(FormSubmission)
class FormSubmissionAdmin(NotesAdmin):
    form = FormSubmissionForm
    actions = SUBMISSION_ACTIONS
    list_display = [
        "form_template",
        "sub_account",
        badge("status", STATUS_COLOURS),
        badge("priority", PRIORITY_COLOURS),
        "assigned_to",
        "submitted_at",
    ]
    list_filter = [
        "status",
        "priority",
        ("form_template", AutocompleteSelectFilter),
        ("assigned_to", AutocompleteSelectFilter),
        ("source", FieldTextFilter),
        by_month("submitted_at", _("month it came in")),
    ]
    search_fields = ["data"]
    search_help_text = _("Part of an answer, or a phone number")
    ordering = ["-submitted_at", "-id"]
    readonly_fields = ["timeline", "ip_address", "user_agent", "submitted_at", "reviewed_at", "contacted_at"]
    fieldsets = [
        (None, {"fields": ["sub_account", "form_template", "data", "files"]}),
        (_("Work"), {"fields": ["status", "priority", "assigned_to", "timeline", "new_note"]}),
        (_("Origin"), {"fields": ["source", "ip_address", "user_agent"]}),
        (_("Dates"), {"fields": ["submitted_at", "reviewed_at", "contacted_at"]}),
    ]
    add_fieldsets = [
        fieldsets[0],
        (_("Work"), {"fields": ["status", "priority", "assigned_to", "source"]}),
    ]

    def get_urls(self) -> list:
        return [ANSWERS.url(self), *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: FormSubmission | None = None) -> list[str]:
        fields = super().get_readonly_fields(request, obj)
        # Whose the form is was noted when it came in.
        return fields if obj is None else [*fields, "form_template"]

    def json_to_read(self, row: FormSubmission, name: str) -> tuple[Any, Any]:
        return (row.data, schema_of_answers(row.form_template)) if name == "data" else super().json_to_read(row, name)

    def save_model(self, request: HttpRequest, obj: FormSubmission, form: Any, change: bool) -> None:
        obj.move_to(SubmissionStatus(obj.status))
        super().save_model(request, obj, form, change)
