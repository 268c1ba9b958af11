"""The console's pages of closing a sub-account: what it does, how far it has come, and the archive."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import AdminUser, User
from loctelli.offboarding import archive
from loctelli.offboarding.choices import ClosingStatus
from loctelli.offboarding.closing import cancel_closing, go_on, start_closing
from loctelli.offboarding.contents import archived_models
from loctelli.offboarding.models import Closing
from security import audit
from tenants.console import step_up
from tenants.console.display import badge
from tenants.console.model_admin import ConsoleAdmin, ReadOnlyAdmin
from tenants.deletion import Deletion, what_goes_along
from tenants.models import SubAccount

CLOSING_COLOURS = {
    ClosingStatus.EXPORTING.value: "info",
    ClosingStatus.REMOVING.value: "warning",
    ClosingStatus.CLOSED.value: "success",
}


class CloseForm(forms.Form):
    """The sub-account's name, typed: nobody closes one by a slip of the hand."""

    name = forms.CharField(
        label=gettext_lazy("Its name"),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, sub_account: SubAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sub_account = sub_account
        self.fields["name"].help_text = _("Type “%(name)s” to close it.") % {"name": sub_account}

    def clean_name(self) -> str:
        if self.cleaned_data["name"] != self.sub_account.name.strip():
            raise forms.ValidationError(_("This is not its name."))
        return self.cleaned_data["name"]


@admin.register(Closing)
class ClosingAdmin(ReadOnlyAdmin):
    """Sub-accounts that are closed, or were: whoever may delete sub-accounts closes them."""

    list_display = ["sub_account_name", badge("status", CLOSING_COLOURS), "admin", "created_at", "closed_at"]
    list_filter = ["status"]
    search_fields = ["sub_account_name", "=sub_account_number"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    actions = None

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("close/<int:sub_account_id>/", wrap(self.close_view), name="offboarding_closing_close"),
            path("<path:object_id>/progress/", wrap(self.progress_view), name="offboarding_closing_progress"),
            path("<path:object_id>/go-on/", wrap(self.go_on_view), name="offboarding_closing_go_on"),
            path("<path:object_id>/cancel/", wrap(self.cancel_view), name="offboarding_closing_cancel"),
            path("<path:object_id>/archive/", wrap(self.archive_view), name="offboarding_closing_archive"),
            *super().get_urls(),
        ]

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        own = isinstance(obj, Closing) and obj.admin_id == request.user.pk
        return own or super().has_view_permission(request, obj)

    def require_right_to_close(self, request: HttpRequest) -> None:
        """Raise PermissionDenied unless this admin may delete sub-accounts."""
        if not request.user.has_perm("tenants.delete_subaccount"):
            raise PermissionDenied

    # Closing

    def close_view(self, request: HttpRequest, sub_account_id: int) -> HttpResponse:
        """Tell what closing does, with counts, and do it once its name was typed."""
        self.require_right_to_close(request)
        sub_account = SubAccount.objects.filter(pk=sub_account_id).first()
        if sub_account is None or sub_account.is_onboarding:
            raise Http404
        begun = Closing.objects.filter(sub_account_number=sub_account_id).first()
        if begun is not None:
            return HttpResponseRedirect(self._page_of(begun))
        step_up.require(request)
        deletion = what_goes_along([sub_account])
        deletion.goes_along += deletion.stands_in_the_way
        archived = [count for count in deletion.goes_along if count.model in archived_models()]
        lacking = self._lacking(request, deletion)
        form = CloseForm(request.POST or None, sub_account=sub_account)
        if form.is_valid() and not lacking:
            closing = start_closing(sub_account, by=cast(AdminUser, request.user))
            return HttpResponseRedirect(self._page_of(closing))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Close %(name)s") % {"name": sub_account},
            "opts": SubAccount._meta,
            "sub_account": sub_account,
            "people": User.objects.filter(sub_account=sub_account, is_active=True).count(),
            "counts": sorted(archived, key=lambda count: -count.number),
            "lacking": sorted(lacking),
            "days": settings.KEEP_ARCHIVES_DAYS,
            "form": form,
        }
        return TemplateResponse(request, "console/close_sub_account.html", context)

    def _lacking(self, request: HttpRequest, deletion: Deletion) -> set[str]:
        model_admin = self.admin_site._registry[SubAccount]
        return model_admin.lacking(request, deletion) if isinstance(model_admin, ConsoleAdmin) else set()

    # How far it has come

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        if object_id is None or request.method == "POST":
            raise PermissionDenied
        closing: Closing = self.viewable(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": closing,
            "opts": self.opts,
            "closing": closing,
            "words": words_of(closing),
            "parts": closing.parts.exists(),
            "may_close": request.user.has_perm("tenants.delete_subaccount"),
        }
        return TemplateResponse(request, "console/closing.html", context)

    def go_on_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Have the worker go on with a closing that stopped."""
        closing: Closing = self.viewable(request, object_id)
        self.require_right_to_close(request)
        if request.method == "POST" and not closing.is_over:
            go_on(closing)
            self.message_user(request, _("The worker goes on with it."))
        return HttpResponseRedirect(self._page_of(closing))

    def cancel_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Cancel a closing of which nothing is removed yet."""
        closing: Closing = self.viewable(request, object_id)
        self.require_right_to_close(request)
        if request.method != "POST":
            return HttpResponseRedirect(self._page_of(closing))
        cancel_closing(closing)
        done = _("The closing of %(name)s is cancelled: nothing was removed, and its people can sign in as before.")
        self.message_user(request, done % {"name": closing.sub_account_name}, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:offboarding_closing_changelist"))

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer how far it has come, for the page that shows it."""
        closing = self.viewable(request, object_id)
        done, total = progress_of(closing)
        return JsonResponse({"words": words_of(closing), "done": done, "total": total, "is_over": closing.is_over})

    def _page_of(self, row: models.Model) -> str:
        return reverse("admin:offboarding_closing_change", args=[row.pk])

    # The archive

    def archive_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Download the archive, once it is complete."""
        closing: Closing = self.viewable(request, object_id)
        self.require_right_to_close(request)
        step_up.require(request)
        if closing.status == ClosingStatus.EXPORTING or not closing.parts.exists():
            self.message_user(request, _("There is no archive to download."), messages.WARNING)
            return HttpResponseRedirect(self._page_of(closing))
        audit.record_view(closing, by=cast(AdminUser, request.user))
        name = slugify(closing.sub_account_name) or str(closing.sub_account_number)
        return StreamingHttpResponse(
            archive.stream_zip(closing),
            content_type="application/zip",
            headers={
                "Content-Disposition": f'attachment; filename="{name}-{timezone.localdate():%Y-%m-%d}.zip"',
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            },
        )


def progress_of(closing: Closing) -> tuple[int, int]:
    """Return how much of the whole work is done: each row is exported, then removed."""
    return (2 if closing.is_over else 0) + closing.exported + closing.removed, 2 * closing.total + 2


def words_of(closing: Closing) -> str:
    """Return in a sentence where a closing stands."""
    counts = {
        "exported": closing.exported,
        "removed": closing.removed,
        "total": closing.total,
        "error": closing.error,
        "at": f"{closing.closed_at:%Y-%m-%d %H:%M}" if closing.closed_at else "",
    }
    if closing.is_over:
        return _("Closed at %(at)s UTC: %(exported)d rows are in the archive.") % counts
    if closing.error:
        return _("It stopped, and is tried again: %(error)s") % counts
    if closing.status == ClosingStatus.REMOVING:
        return _("The archive is complete. %(removed)d of %(total)d rows are removed.") % counts
    return _("%(exported)d of %(total)d rows are archived. Nothing is removed yet.") % counts
