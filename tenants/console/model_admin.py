"""The base of every model's admin: strict forms, stamps nobody types, and deletions that tell what they do."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied
from django.db import DataError, IntegrityError, models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from loctelli.api.integrity import from_data_error, from_integrity_error
from loctelli.timezones import validate_timezone
from tenants.console import history, step_up
from tenants.console.deleting import DELETE
from tenants.console.forms import ConsoleForm
from tenants.console.json_forms import TIME_ZONES, JSONField, JSONWidget, TextsField
from tenants.console.json_forms.reading import reader_of
from tenants.console.references import STAMPS, ReferencesAdmin
from tenants.console.row_actions import RowActionsAdmin
from tenants.deletion import Deletion, what_goes_along

# Texts of a line or two, which need no box as high as a prompt's.
SHORT_TEXTS = ("description", "subtitle")


class ConsoleAdmin(ReferencesAdmin, RowActionsAdmin):
    """A model's admin: a subclass declares its columns, filters, search fields and fieldsets."""

    form = ConsoleForm
    warn_unsaved_form = True
    delete_confirmation_template = "console/delete_confirmation.html"
    delete_selected_confirmation_template = "console/delete_confirmation.html"
    # Whether a row may change its sub-account after it was made.
    movable = False
    # What is said below a field, by its name, where the model itself says nothing.
    helps: ClassVar[dict[str, Any]] = {}
    # What holds secrets or gives rights: an admin steps up before changing these fields, or before adding a row at all.
    sensitive_fields: tuple[str, ...] = ()
    adding_is_sensitive = False

    # Forms

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> list:
        fieldsets = list(super().get_fieldsets(request, obj))
        stamps = [name for name in STAMPS if self.has_field(name)]
        if obj is not None and stamps:
            fieldsets.append((_("Record"), {"fields": stamps}))
        fieldsets = replaced(fieldsets, self.unseen(request))
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        columns = {field.name: field for field in self.opts.local_fields if isinstance(field, models.JSONField)}
        readable = {name: reader_of(field, self.json_to_read) for name, field in columns.items()}
        return replaced(fieldsets, readable)

    def json_to_read(self, row: models.Model, name: str) -> tuple[Any, Any]:
        """Return what a JSON column shows to those who may only read it, and its schema."""
        shape = getattr(self.opts.get_field(name), "shape", None)
        return getattr(row, name), shape and shape.schema

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        fields = [*super().get_readonly_fields(request, obj), *STAMPS]
        if obj is not None and not self.movable:
            fields.append("sub_account")
        return fields

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.helps:
            kwargs["help_text"] = self.helps[db_field.name]
        if isinstance(db_field, models.JSONField):
            kwargs |= {"form_class": JSONField, "widget": JSONWidget, "shape": getattr(db_field, "shape", None)}
        elif isinstance(db_field, ArrayField):
            kwargs |= {"form_class": TextsField, "widget": JSONWidget}
        elif validate_timezone in db_field.validators:
            kwargs["widget"] = UnfoldAdminTextInputWidget({"list": TIME_ZONES})
            kwargs["help_text"] = _("Such as Europe/Berlin: type a part of the city's name.")
        elif isinstance(db_field, models.TextField):
            kwargs |= {"empty_value": None} if db_field.null else {}
            if db_field.name in SHORT_TEXTS:
                kwargs["widget"] = UnfoldAdminTextareaWidget({"rows": 3})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.refusals = getattr(request, "refusals", [])
        form.sensitive_fields, form.adding_is_sensitive = self.sensitive_fields, self.adding_is_sensitive
        form.step_up_is_done = step_up.is_done(request)
        return form

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> models.Model | None:
        """Return a row; one that is about to be changed is locked first, so that it stays as its form finds it."""
        row = super().get_object(request, object_id, from_field)
        if row is None or request.method != "POST" or not self.has_change_permission(request, row):
            return row
        self.lock(row)
        return super().get_object(request, object_id, from_field)

    def lock(self, row: models.Model) -> None:
        """Lock a row until the request ends, and before it whatever else decides over its change."""
        self.model._base_manager.filter(pk=row.pk).select_for_update(no_key=True).exists()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change and self.has_field("created_by_admin"):
            obj.created_by_admin = request.user
        super().save_model(request, obj, form, change)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if object_id is None and self.adding_is_sensitive and request.method != "POST":
            self.step_up_to_add(request)
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (IntegrityError, DataError) as error:
            if request.method != "POST":
                raise
            # The savepoint is rolled back; the same form is answered again, with the database's word as its error.
            request.refusals = self.refusals(error)  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def step_up_to_add(self, request: HttpRequest) -> None:
        """Ask for the step up before the form rather than after it, of those who may add at all."""
        if self.has_add_permission(request):
            step_up.require(request)

    def refusals(self, error: IntegrityError | DataError) -> list[tuple[str | None, str]]:
        """Return what the database refused, field by field."""
        if isinstance(error, DataError):
            return [(None, from_data_error(error).errors[0]["detail"])]
        told = from_integrity_error(error, deleting=False)
        if told is None:
            return [(None, gettext("The database refused this: it collides with what is there."))]
        names = {field.attname: field.name for field in self.opts.local_fields}
        return [(names.get(item["path"]), item["detail"]) for item in told.errors] or [(None, told.detail)]

    def viewable(self, request: HttpRequest, object_id: str) -> Any:
        """Return a row that this admin may view; raise Http404 or PermissionDenied."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        return row

    # History

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> None:
        """Leave it to the audit trail, which the models write."""

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> None:
        """Keep a sentence about what was done; which fields changed stands in the audit trail."""
        if isinstance(message, str):
            super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        """Leave it to the audit trail, which the models write."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show what the audit trail keeps of a row, field by field, and what was done to it by an action."""
        row = self.viewable(request, object_id)
        page = self.get_paginator(request, history.entries_of(row), 100).get_page(request.GET.get("p", 1))
        names: dict[Any, str] = {}
        for entry in page:
            entry.shown_changes = history.changes_in(entry, names)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("History of %(name)s") % {"name": row},
            "entries": page,
            "remarks": history.remarks_on(row),
            "object": row,
            "opts": self.opts,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "console/history.html", context)

    # Deletion

    def refusal_to_delete(self, request: HttpRequest, obj: models.Model) -> str | None:
        """Return why this row stays whatever happens; None when it may go."""
        return None

    def get_deleted_objects(self, objs: Iterable[models.Model], request: HttpRequest) -> tuple:
        """Tell what goes along, what stays without it and what stands in the way, with counts.

        Django's collector doesn't see the database's cascades. The first item is the Deletion, for our templates.
        """
        rows = list(objs)
        deletion = what_goes_along(rows)
        totals = {str(count.model._meta.verbose_name_plural): count.number for count in deletion.goes_along}
        kept = [refusal for row in rows if (refusal := self.refusal_to_delete(request, row))]
        in_the_way = [
            ngettext("%(rows)s refers to it.", "%(rows)s refer to it.", count.number) % {"rows": count}
            for count in deletion.stands_in_the_way
        ]
        return deletion, totals, self.lacking(request, deletion), [*kept, *in_the_way]

    def lacking(self, request: HttpRequest, deletion: Deletion) -> set[str]:
        """Return the kinds of row that would go along and that this admin may not delete."""
        return {name for count in deletion.goes_along if (name := self.lacks(request, count.model))}

    def lacks(self, request: HttpRequest, model: type[models.Model]) -> str | None:
        """Return what rows of a model are called when this admin may not delete them, else None."""
        model_admin, meta = self.admin_site._registry.get(model), model._meta
        permitted = request.user.has_perm(f"{meta.app_label}.delete_{meta.model_name}")
        # Logs and machinery are nobody's to delete one by one; they go with what they belong to.
        deletable = isinstance(model_admin, ConsoleAdmin) and model_admin.deletable
        return str(meta.verbose_name_plural) if deletable and not permitted else None

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Delete as many as match, too, and offer no action that would offer rows which this admin may not see."""
        actions = {
            name: action
            for name, action in super().get_actions(request).items()
            if all(self.may_view(request, label) for label in getattr(action[0], "offers", ()))
        }
        if DELETE.__name__ in actions:
            actions[DELETE.__name__] = (DELETE, DELETE.__name__, DELETE.short_description)
        return actions

    @property
    def deletable(self) -> bool:
        return True

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except IntegrityError as error:
            return self.deletion_refused(request, error)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.method != "POST":
            return super().changelist_view(request, extra_context)
        try:
            with transaction.atomic():
                return super().changelist_view(request, extra_context)
        except IntegrityError as error:
            return self.deletion_refused(request, error)

    def deletion_refused(self, request: HttpRequest, error: IntegrityError) -> HttpResponse:
        """Answer a deletion that the database refused after all: nothing was deleted, and the page says why."""
        told = from_integrity_error(error, deleting=True)
        detail = gettext(told.detail if told else "The database refused this: other things refer to it.")
        self.message_user(request, gettext("Nothing was deleted. %(why)s") % {"why": detail}, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())


def replaced(fieldsets: list, columns: dict[str, Any]) -> list:
    """Return fieldsets with some of their fields shown by columns of their own."""
    return [
        (title, {**options, "fields": [columns.get(name, name) for name in options["fields"]]})
        for title, options in fieldsets
    ]


def without(fieldsets: list, field: str) -> list:
    """Return fieldsets without one of their fields."""
    return [
        (title, {**options, "fields": [name for name in options["fields"] if name != field]})
        for title, options in fieldsets
    ]


class ReadOnlyAdmin(ConsoleAdmin):
    """An admin of what the platform writes and people only read; actions may still act on it."""

    @property
    def deletable(self) -> bool:
        return False

    @property
    def grantable(self) -> tuple[str, ...]:
        """What an admin's permissions may say of such rows; for acting on them "change" stands."""
        return ("view", "change") if self.actions else ("view",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Return whether this admin may use the list's actions, for which Django's "change" permission stands."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")
