"""The console's pages of sub-accounts and the invitations into them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.db import models
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from tenants import invitations, qr
from tenants.actions import INVITATION_ACTIONS, SUB_ACCOUNT_ACTIONS
from tenants.closing import BEING_CLOSED, is_closing
from tenants.console.background_admin import BackgroundActionAdmin
from tenants.console.display import set_or_not
from tenants.console.forms import ConsoleForm
from tenants.console.lists import Related
from tenants.console.model_admin import ConsoleAdmin
from tenants.console.passwords import PasswordAdmin
from tenants.console.row_actions import button
from tenants.console.setting_up import still_to_do
from tenants.models import ONBOARDING_ID, BackgroundAction, SubAccount, SubAccountInvitation

MINIMUM_INVITATION_PASSWORD_LENGTH = 4
COUNTED = ("users", "leads", "bookings", "last_activity_at")

admin.site.register(BackgroundAction, BackgroundActionAdmin)


def closing_url(row: models.Model) -> str:
    """Return the address of the page that closes a sub-account."""
    return reverse("admin:offboarding_closing_close", args=[row.pk])


class SubAccountForm(ConsoleForm):
    """A sub-account's form: ONBOARDING keeps its name and stays active."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.instance.is_onboarding:
            for name, told in (
                ("name", _("ONBOARDING, where new people wait, can't be renamed.")),
                ("is_active", _("ONBOARDING, where new people wait, can't be deactivated.")),
            ):
                if name in self.changed_data:
                    self.add_error(name, told)
        if self.instance.pk and is_closing(self.instance.pk):
            self.add_error(None, BEING_CLOSED)
        return cleaned


@admin.register(SubAccount)
class SubAccountAdmin(ConsoleAdmin):
    form = SubAccountForm
    actions = SUB_ACCOUNT_ACTIONS
    list_display = ["name", "is_active", "users", "leads", "bookings", "last_activity", "created_at"]
    list_filter = ["is_active"]
    search_fields = ["name", "description"]
    ordering = ["name", "id"]
    leads_to = (
        Related("accounts.User", "sub_account__id__exact", gettext_lazy("Users")),
        Related("crm.Lead", "sub_account__id__exact", gettext_lazy("Leads")),
        Related("crm.Booking", "sub_account__id__exact", gettext_lazy("Bookings")),
        Related("agents.Strategy", "sub_account__id__exact", gettext_lazy("Strategies")),
        Related("agents.SubAccountPromptTemplate", "sub_account__id__exact", gettext_lazy("Chosen prompt templates")),
        Related("crm.ContactSubmission", "sub_account__id__exact", gettext_lazy("Contact submissions")),
        Related("forms.FormTemplate", "sub_account__id__exact", gettext_lazy("Forms")),
        Related("forms.FormSubmission", "sub_account__id__exact", gettext_lazy("Form submissions")),
        Related("integrations.Integration", "sub_account__id__exact", gettext_lazy("Integrations")),
        Related("tenants.SubAccountInvitation", "sub_account__id__exact", gettext_lazy("Invitations")),
        Related("security.SecurityIncident", "sub_account_id", gettext_lazy("Incidents")),
    )
    fieldsets = [
        (None, {"fields": ["name", "description", "is_active"]}),
        (gettext_lazy("Settings"), {"fields": ["settings"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        """Beside each sub-account, what the console's job has counted of it last."""
        counts = apps.get_model("crm.SubAccountCount")._default_manager.filter(sub_account_id=OuterRef("pk"))
        counted = {f"counted_{name}": Subquery(counts.values(name)) for name in COUNTED}
        return super().get_queryset(request).annotate(**counted)

    @display(description=gettext_lazy("users"), ordering="counted_users", empty_value="–")
    def users(self, sub_account: Any) -> int | None:
        return sub_account.counted_users

    @display(description=gettext_lazy("leads"), ordering="counted_leads", empty_value="–")
    def leads(self, sub_account: Any) -> int | None:
        return sub_account.counted_leads

    @display(description=gettext_lazy("bookings"), ordering="counted_bookings", empty_value="–")
    def bookings(self, sub_account: Any) -> int | None:
        return sub_account.counted_bookings

    @display(description=gettext_lazy("last activity"), ordering="counted_last_activity_at", empty_value="–")
    def last_activity(self, sub_account: Any) -> datetime | None:
        return sub_account.counted_last_activity_at

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if isinstance(row, SubAccount) and row.is_active and not row.is_onboarding:
            context["still_to_do"] = still_to_do(request, row)
        return super().render_change_form(request, context, *args, **kwargs)

    def response_post_save_add(self, request: HttpRequest, obj: models.Model) -> HttpResponse:
        """Lead on to the new one's page, which says what it still lacks."""
        if not self.has_view_or_change_permission(request, obj):
            return super().response_post_save_add(request, obj)
        return HttpResponseRedirect(reverse("admin:tenants_subaccount_change", args=[obj.pk]))

    def page_buttons(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        """Offer to invite people, where there is somewhere to invite them to."""
        buttons = super().page_buttons(request, row)
        may_invite = request.user.has_perm("tenants.add_subaccountinvitation")
        if may_invite and isinstance(row, SubAccount) and row.is_active and not row.is_onboarding:
            url = f"{reverse('admin:tenants_subaccountinvitation_add')}?sub_account={row.pk}"
            buttons.insert(0, button(_("Invite people"), "forward_to_inbox", url))
        if request.user.has_perm("tenants.delete_subaccount") and row.pk != ONBOARDING_ID:
            # The layer above knows what that takes.
            buttons.append(button(_("Close this sub-account"), "inventory_2", closing_url(row)))
        return buttons

    def get_deleted_objects(self, objs: Iterable[models.Model], request: HttpRequest) -> tuple:
        """Point out the guided way where a deletion is refused."""
        rows = list(objs)
        deletion, totals, lacking, in_the_way = super().get_deleted_objects(rows, request)
        if in_the_way and len(rows) == 1 and rows[0].pk != ONBOARDING_ID:
            link = '<a class="console-link" href="{}">{}</a>'
            in_the_way = [
                *in_the_way,
                format_html(link, closing_url(rows[0]), _("Close it, with an archive of it all")),
            ]
        return deletion, totals, lacking, in_the_way

    def refusal_to_delete(self, request: HttpRequest, obj: models.Model) -> str | None:
        return _("ONBOARDING, where new people wait, can't be deleted.") if obj.pk == ONBOARDING_ID else None


@admin.register(SubAccountInvitation)
class SubAccountInvitationAdmin(PasswordAdmin):
    adding_is_sensitive = True
    password_is_optional = True
    list_display = ["sub_account", "state", "current_uses", "max_uses", "expires_at", "created_by_admin", "created_at"]
    list_filter = ["is_active", "expires_at"]
    search_fields = ["sub_account__name"]
    reads = ("created_by_admin",)
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    readonly_fields = ["code_state", "password_state", "current_uses"]
    fieldsets = [
        (None, {"fields": ["sub_account", "code_state", "password_state"]}),
        (gettext_lazy("Limits"), {"fields": ["max_uses", "current_uses", "expires_at", "is_active"]}),
    ]
    add_fieldsets = [(None, {"fields": ["sub_account", "max_uses", "expires_at", "is_active"]})]
    actions = INVITATION_ACTIONS

    def password_validators(self) -> list:
        # Said to people on the telephone, and worthless without the code.
        return [MinimumLengthValidator(MINIMUM_INVITATION_PASSWORD_LENGTH)]

    @display(
        description=gettext_lazy("state"),
        label={"usable": "success", "expired": "warning", "used up": "warning", "revoked": "danger"},
    )
    def state(self, invitation: SubAccountInvitation) -> tuple[str, Any]:
        """Say whether the code still lets somebody in, and what keeps it from that."""
        if not invitation.is_active:
            return "revoked", _("Revoked")
        if invitation.expires_at is not None and invitation.expires_at <= timezone.now():
            return "expired", _("Expired")
        if invitation.max_uses is not None and invitation.current_uses >= invitation.max_uses:
            return "used up", _("Used up")
        return "usable", _("Usable")

    @display(description=gettext_lazy("Code"))
    def code_state(self, invitation: SubAccountInvitation) -> str:
        return set_or_not(invitation.code)

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        if not change:
            request.invitation_code = invitations.new_code()  # type: ignore[attr-defined]
            obj.code = invitations.hash_code(request.invitation_code)  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: models.Model, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the code in this very answer: it is kept nowhere, not even until the next request."""
        code = request.invitation_code  # type: ignore[attr-defined]
        link = invitations.link_of(code)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Invitation made"),
            "invitation": obj,
            "code": code,
            "link": link,
            "qr_code": qr.as_svg(link or code),
            "opts": self.opts,
        }
        return TemplateResponse(request, "console/invitation_made.html", context)
