"""Before somebody, or something, is deleted: what belongs to it can be given to another one of its sub-account."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminSelectWidget

from tenants.console.model_admin import ConsoleAdmin
from tenants.deletion import on_delete, references_to
from tenants.reassignment import reassign

REASSIGN = "reassign"


class SuccessorForm(forms.Form):
    """Who takes over."""

    def __init__(self, *args: Any, successors: models.QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["successor"] = forms.ModelChoiceField(
            successors, label=_("Give all of it to"), widget=UnfoldAdminSelectWidget()
        )


class ReassigningAdmin(ConsoleAdmin):
    """An admin of what others belong to: its deletion page offers to reassign them first."""

    def successors(self, row: Any) -> models.QuerySet:
        """Return who may take over: others of the same sub-account that are active."""
        others = type(row)._default_manager.filter(sub_account_id=row.sub_account_id, is_active=True)
        return others.exclude(pk=row.pk).order_by("name", "pk")

    def may_reassign(self, request: HttpRequest) -> bool:
        """Return whether this admin may see who there is, and change everything that would be reassigned."""
        moved = {ref.model._meta for ref in references_to(self.model) if on_delete(ref) is models.CASCADE}
        may_change = all(request.user.has_perm(f"{meta.app_label}.change_{meta.model_name}") for meta in moved)
        return may_change and self.has_view_permission(request)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return super().delete_view(request, object_id, extra_context)
        form = SuccessorForm(request.POST if REASSIGN in request.POST else None, successors=self.successors(row))
        if REASSIGN in request.POST:
            # Whatever comes of it, nothing is deleted by this.
            if not self.has_delete_permission(request, row) or not self.may_reassign(request):
                raise PermissionDenied
            if form.is_valid():
                successor = form.cleaned_data["successor"]
                moved = sum(reassign(row, to=successor).values())
                self.log_change(request, row, _("Reassigned everything to %(name)s.") % {"name": successor})
                self.message_user(request, _("%(count)d now belong to %(name)s.") % {"count": moved, "name": successor})
            else:
                self.message_user(request, " ".join(map(str, form.errors["successor"])), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        offered = self.may_reassign(request) and self.successors(row).exists()
        return super().delete_view(
            request, object_id, {**(extra_context or {}), "successor_form": form if offered else None}
        )
