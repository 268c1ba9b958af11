"""The console's pages of outside services and of the sub-accounts' connections to them."""

import json
from hashlib import sha256
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanSwitchWidget

from integrations.configuration import FIELD, InvalidSchema, validate_schema
from integrations.models import Integration, IntegrationTemplate
from loctelli.errors import DomainError
from loctelli.shapes import Fault
from tenants.console.bulk import activation
from tenants.console.display import badge, set_or_not
from tenants.console.forms import ConsoleForm
from tenants.console.json_forms import JSONWidget
from tenants.console.json_forms.chosen import ChosenSchema
from tenants.console.lists import Related
from tenants.console.model_admin import ConsoleAdmin, without

STATUS_COLOURS = {"active": "success", "pending": "warning", "error": "danger"}


class IntegrationTemplateForm(ConsoleForm):
    """A template's form: configurations can be held against its schema."""

    def clean_config_schema(self) -> dict[str, Any]:
        schema = self.cleaned_data["config_schema"]
        try:
            validate_schema(schema)
        except InvalidSchema as error:
            raise ValidationError(str(error), code="invalid_schema") from error
        return schema


@admin.register(IntegrationTemplate)
class IntegrationTemplateAdmin(ConsoleAdmin):
    form = IntegrationTemplateForm
    actions = activation()
    list_display = ["display_name", "name", "category", "is_active", "created_by_admin", "updated_at"]
    list_filter = ["is_active", "category"]
    search_fields = ["display_name", "name", "description"]
    ordering = ["display_name", "id"]
    leads_to = (Related("integrations.Integration", "integration_template__id__exact", _("Integrations of it")),)
    fieldsets = [
        (None, {"fields": ["name", "display_name", "description", "category", "icon", "is_active"]}),
        (_("Configuration"), {"fields": ["config_schema", "setup_instructions"]}),
        (_("Service"), {"fields": ["webhook_url", "api_version"]}),
    ]


class IntegrationForm(ConsoleForm):
    """A connection's form: secrets go in and never come out."""

    new_webhook_secret = forms.CharField(
        label=_("New webhook secret"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Leave empty to keep the present one."),
    )
    remove_webhook_secret = forms.BooleanField(
        label=_("Remove webhook secret"), required=False, widget=UnfoldBooleanSwitchWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.initial["config"] = self.instance.masked_config
        if "new_webhook_secret" in self.fields and not self.instance.has_webhook_secret:
            field = self.fields["new_webhook_secret"]
            field.label, field.help_text = _("Webhook secret"), _("What requests are signed with; empty for none.")
        if "config" in self.fields:
            self.show_template(self.fields["config"].widget)

    def show_template(self, widget: JSONWidget) -> None:
        """Make the configuration's form from the template's schema, also of one that is only chosen on the page."""
        if self.instance.pk is not None:
            widget.schema = schema_to_fill_in(self.instance.integration_template)
            widget.kept = self.initial["config"]
            widget.version = sha256(json.dumps(self.instance.config, sort_keys=True).encode()).hexdigest()
            return
        CONFIGURATION.show(self)

    def clean_config(self) -> dict[str, Any]:
        config = self.cleaned_data["config"]
        if not isinstance(config, dict):
            raise ValidationError(gettext("Must be an object."), code="not_an_object")
        return config

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in {"sub_account", "integration_template"}.intersection(cleaned):
            setattr(self.instance, name, cleaned[name])
        if "config" in cleaned and self.instance.integration_template_id and isinstance(self.sub_account_id, int):
            self.configure(cleaned)
        return cleaned

    def configure(self, cleaned: dict[str, Any]) -> None:
        """Encrypt the configuration's secrets and hold it against the template's schema."""
        try:
            self.instance.configure(cleaned["config"])
        except DomainError as error:
            errors = error.errors or [{"path": FIELD, "code": error.code, "detail": error.detail}]
            faults = [Fault(tuple(item["path"].split(".")[1:]), item["code"], item["detail"]) for item in errors]
            self.add_error("config", self.fields["config"].refusal(faults))
        else:
            cleaned["config"] = self.instance.config


def schema_to_fill_in(template: IntegrationTemplate) -> dict[str, Any]:
    """Return what a connection needs, with the words on how to set it up, for those who fill it in."""
    return {**required_first(template.config_schema), "x-instructions": template.setup_instructions or ""}


def required_first(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with what must be there first, for jsonb does not keep the order its author gave it."""
    properties = schema.get("properties", {})
    required = [name for name in schema.get("required", []) if name in properties]
    return {**schema, "properties": {name: properties[name] for name in dict.fromkeys([*required, *properties])}}


CONFIGURATION = ChosenSchema(Integration, "config", reference="integration_template", schema_of=schema_to_fill_in)


@admin.register(Integration)
class IntegrationAdmin(ConsoleAdmin):
    form = IntegrationForm
    actions = activation()
    sensitive_fields = ("config", "new_webhook_secret", "remove_webhook_secret")
    adding_is_sensitive = True
    list_display = [
        "name",
        "integration_template",
        "sub_account",
        badge("status", STATUS_COLOURS),
        "is_active",
        "last_sync_at",
    ]
    list_filter = ["status", "is_active", ("integration_template", AutocompleteSelectFilter)]
    search_fields = ["name", "description", "integration_template__display_name"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    readonly_fields = ["webhook_secret_state", "last_sync_at", "error_message"]
    fieldsets = [
        (None, {"fields": ["sub_account", "integration_template", "name", "description", "is_active", "status"]}),
        (
            _("Configuration"),
            {"fields": ["config", "webhook_secret_state", "new_webhook_secret", "remove_webhook_secret"]},
        ),
        (_("Synchronisation"), {"fields": ["last_sync_at", "error_message"]}),
    ]
    add_fieldsets = [fieldsets[0], (_("Configuration"), {"fields": ["config", "new_webhook_secret"]})]

    def json_to_read(self, row: Any, name: str) -> tuple[Any, Any]:
        return row.masked_config, required_first(row.integration_template.config_schema)

    def get_urls(self) -> list:
        return [CONFIGURATION.url(self), *super().get_urls()]

    def get_fieldsets(self, request: HttpRequest, obj: Integration | None = None) -> list:
        """Offer to remove a webhook secret where there is one."""
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj is None or obj.has_webhook_secret else without(fieldsets, "remove_webhook_secret")

    @display(description=_("Webhook secret"))
    def webhook_secret_state(self, integration: Integration) -> str:
        return set_or_not(integration.has_webhook_secret)

    def get_readonly_fields(self, request: HttpRequest, obj: Integration | None = None) -> list[str]:
        fields = super().get_readonly_fields(request, obj)
        # Another template's schema would call other things secret.
        return fields if obj is None else [*fields, "integration_template"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if form.cleaned_data.get("remove_webhook_secret"):
            obj.webhook_secret = None
        elif form.cleaned_data.get("new_webhook_secret"):
            obj.webhook_secret = form.cleaned_data["new_webhook_secret"]
        super().save_model(request, obj, form, change)
