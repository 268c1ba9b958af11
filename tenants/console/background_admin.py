"""The console's pages of background actions: how far each has come, for whoever asked for it."""

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from tenants.choices import WorkStatus
from tenants.console.bulk import left_as_they_are
from tenants.console.display import badge
from tenants.console.model_admin import ReadOnlyAdmin
from tenants.models import BackgroundAction

WORK_COLOURS = {
    WorkStatus.WAITING.value: "info",
    WorkStatus.RUNNING.value: "warning",
    WorkStatus.DONE.value: "success",
    WorkStatus.FAILED.value: "danger",
}


class BackgroundActionAdmin(ReadOnlyAdmin):
    """Everybody sees what they asked for; the list of all is for those who may view it."""

    list_display = ["created_at", "title", "admin", badge("status", WORK_COLOURS), "progress", "finished_at"]
    list_filter = ["status"]
    search_fields = ["title", "admin__name"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    actions = None

    @display(description=gettext_lazy("progress"))
    def progress(self, action: BackgroundAction) -> str:
        return f"{action.done} / {action.total}"

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        own = isinstance(obj, BackgroundAction) and obj.admin_id == request.user.pk
        return own or super().has_view_permission(request, obj)

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(self.progress_view)
        return [path("<path:object_id>/progress/", view, name="tenants_backgroundaction_progress"), *super().get_urls()]

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer how far an action has come, for the page that shows it."""
        action = self.viewable(request, object_id)
        return JsonResponse(
            {"words": words_of(action), "done": action.done, "total": action.total, "is_over": action.is_over}
        )

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        if object_id is None or request.method == "POST":
            raise PermissionDenied
        action = self.viewable(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": action.title,
            "opts": self.opts,
            "action": action,
            "words": words_of(action),
            "refusals": [left_as_they_are(number, reason) for reason, number in action.refusals.items()],
            "media": self.media,
        }
        return TemplateResponse(request, "console/background_action.html", context)


def words_of(action: BackgroundAction) -> str:
    """Return in a sentence where an action stands."""
    counts = {"done": action.done, "total": action.total, "changed": action.changed, "error": action.error}
    if action.status == WorkStatus.FAILED:
        return _("It stopped after %(done)d of %(total)d rows: %(error)s") % counts
    if action.status == WorkStatus.DONE:
        return _("All %(total)d rows are done; %(changed)d were changed.") % counts
    if action.error:
        return _("%(done)d of %(total)d rows are done. It is tried again in a moment: %(error)s") % counts
    if action.status == WorkStatus.RUNNING:
        return _("%(done)d of %(total)d rows are done.") % counts
    return _("It waits for the worker.")
