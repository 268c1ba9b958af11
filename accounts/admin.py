"""The console's pages of platform admins and tenant users."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy
from unfold.decorators import display

from accounts import second_factors
from accounts.account_admin import AccountAdmin
from accounts.account_forms import AdminUserForm, UserForm
from accounts.actions import ADMIN_ACTIONS, USER_ACTIONS, end_sessions
from accounts.choices import UserRole
from accounts.membership import hold_admins, is_active_admin, left_without_admin, move_user
from accounts.models import AdminUser, User
from accounts.sign_in_admin import AccountLockoutAdmin, ConsoleSessionAdmin, RefreshTokenAdmin
from accounts.super_admins import hold_super_admins
from security.models import AccountLockout, ConsoleSession, RefreshToken
from tenants.console import step_up
from tenants.console.display import badge
from tenants.console.lists import Related
from tenants.console.reassigning import ReassigningAdmin
from tenants.console.row_actions import button

RIGHTS = ("role", "permissions")

admin.site.register(AccountLockout, AccountLockoutAdmin)
admin.site.register(ConsoleSession, ConsoleSessionAdmin)
admin.site.register(RefreshToken, RefreshTokenAdmin)


@admin.register(AdminUser)
class AdminUserAdmin(AccountAdmin):
    """Accounts of the platform's own admins: for super admins; others may be let to see who there is."""

    form = AdminUserForm
    actions = ADMIN_ACTIONS
    # Whoever may change who may do what may do everything: that is a super admin's.
    grantable = ("view",)
    sensitive_fields = ("email", "is_active", *RIGHTS)
    adding_is_sensitive = True
    list_display = ["name", "email", badge("role", {"super_admin": "warning"}), "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["name", "email"]
    ordering = ["name", "id"]
    readonly_fields = [
        "sign_in_state",
        "password_state",
        "second_factor_state",
        "password_change_required_at",
        "last_login",
    ]
    fieldsets = [
        (None, {"fields": ["name", "email", "is_active"]}),
        (gettext_lazy("Rights"), {"fields": list(RIGHTS)}),
        (
            gettext_lazy("Sign-in"),
            {
                "fields": [
                    "sign_in_state",
                    "password_state",
                    "second_factor_state",
                    "password_change_required_at",
                    "last_login",
                ]
            },
        ),
    ]
    add_fieldsets = [fieldsets[0], fieldsets[1]]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return request.user.is_superuser

    def get_list_display(self, request: HttpRequest) -> list:
        shown = super().get_list_display(request)
        return list(shown) if request.user.is_superuser else ["name", "email", "is_active"]

    def get_list_filter(self, request: HttpRequest) -> list:
        return super().get_list_filter(request) if request.user.is_superuser else ["is_active"]

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> list:
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if request.user.is_superuser else [fieldsets[0]]

    def get_form(self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        form.own = obj is not None and obj.pk == request.user.pk
        return form

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method == "POST" and self.has_change_permission(request):
            hold_super_admins(cast(AdminUser, request.user))
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        self.prepare_deletion(request)
        return super().delete_view(request, object_id, extra_context)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.POST.get("action") == "delete_selected":
            self.prepare_deletion(request)
        return super().changelist_view(request, extra_context)

    def prepare_deletion(self, request: HttpRequest) -> None:
        """Ask those who may delete for the step up, and let them delete one after the other."""
        if self.has_delete_permission(request):
            step_up.require(request)
            hold_super_admins(cast(AdminUser, request.user))

    def refusal_to_delete(self, request: HttpRequest, obj: models.Model) -> str | None:
        return gettext("You can't delete your own account.") if obj.pk == request.user.pk else None

    @display(description=gettext_lazy("Authenticator app"))
    def second_factor_state(self, admin_user: AdminUser) -> str:
        if not second_factors.has_second_factor(admin_user):
            return gettext("Not set up")
        return gettext("Set up")

    def page_buttons(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        buttons = super().page_buttons(request, row)
        has_app = second_factors.has_second_factor(cast(AdminUser, row))
        if has_app and row.pk != request.user.pk and self.has_change_permission(request, row):
            url = reverse("admin:accounts_adminuser_second_factor", args=[row.pk])
            buttons.append(button(gettext("Reset the authenticator app"), "phonelink_erase", url))
        return buttons

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(self.second_factor_view)
        return [
            path("<path:object_id>/second-factor/", view, name="accounts_adminuser_second_factor"),
            *super().get_urls(),
        ]

    def second_factor_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Forget the authenticator app of an admin who lost it, and end their sessions; one's own has its own page."""
        admin_user = self.find(request, object_id)
        if admin_user.pk == request.user.pk:
            raise PermissionDenied(gettext("Your own authenticator app is looked after on a page of its own."))
        step_up.require(request)
        if request.method == "POST":
            second_factors.remove_second_factor(admin_user)
            end_sessions(admin_user)
            self.log_change(request, admin_user, gettext("Reset the authenticator app."))
            told = gettext("%(name)s signs in with the password alone, until an app is set up again.")
            self.message_user(request, told % {"name": admin_user})
            return HttpResponseRedirect(reverse("admin:accounts_adminuser_change", args=[admin_user.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Authenticator app of %(name)s") % {"name": admin_user},
            "original": admin_user,
            "opts": self.opts,
        }
        return TemplateResponse(request, "console/second_factor_reset.html", context)


@admin.register(User)
class UserAdmin(ReassigningAdmin, AccountAdmin):
    form = UserForm
    actions = USER_ACTIONS
    sensitive_fields = ("email", "role")
    movable = True
    leads_to = (
        Related("crm.Lead", "regular_user__id__exact", gettext_lazy("Leads")),
        Related("crm.Booking", "regular_user__id__exact", gettext_lazy("Bookings")),
        Related("agents.Strategy", "regular_user__id__exact", gettext_lazy("Strategies")),
        Related("crm.ContactSubmission", "assigned_to__id__exact", gettext_lazy("Contact submissions")),
        Related("forms.FormSubmission", "assigned_to__id__exact", gettext_lazy("Form submissions")),
    )
    list_display = ["name", "email", "sub_account", badge("role", {"admin": "info"}), "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["name", "email", "company"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    readonly_fields = ["sign_in_state", "password_state", "password_change_required_at", "last_login"]
    fieldsets = [
        (None, {"fields": ["sub_account", "name", "email", "company", "role", "is_active"]}),
        (
            gettext_lazy("Sign-in"),
            {"fields": ["sign_in_state", "password_state", "password_change_required_at", "last_login"]},
        ),
        (gettext_lazy("Bookings"), {"fields": ["booking_enabled", "timezone", "bookings_time", "budget"]}),
        ("GoHighLevel", {"fields": ["calendar_id", "location_id", "assigned_user_id"]}),
    ]
    add_fieldsets = [fieldsets[0], fieldsets[2], fieldsets[3]]

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> list:
        fieldsets = super().get_fieldsets(request, obj)
        if isinstance(obj, User) and is_active_admin(obj) and self.has_change_permission(request, obj):
            (name, options), *others = fieldsets
            fieldsets = [(name, {**options, "fields": [*options["fields"], "last_admin"]}), *others]
        return fieldsets

    def lock(self, row: Any) -> None:
        # What is saved is compared with what is there once nobody else changes who administers the sub-account, which
        # the API holds before the row, too.
        hold_admins(row.sub_account_id)
        super().lock(row)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        to = obj.sub_account if change and "sub_account" in form.changed_data else None
        if to is not None:
            obj.sub_account_id = form.initial["sub_account"]
        super().save_model(request, obj, form, change)
        if to is not None:
            move_user(obj, to=to)

    def successors(self, row: User) -> models.QuerySet:
        return super().successors(row).exclude(role=UserRole.SYSTEM)

    def refusal_to_delete(self, request: HttpRequest, obj: models.Model) -> str | None:
        return gettext("The system user can't be deleted.") if obj.is_system else None

    def get_deleted_objects(self, objs: Iterable[models.Model], request: HttpRequest) -> tuple:
        """Refuse, too, to leave a sub-account without an admin unless the address says `?last_admin=true`."""
        users = cast(list[User], list(objs))
        deletion, totals, lacking, in_the_way = super().get_deleted_objects(users, request)
        if request.GET.get("last_admin") != "true":
            hold_admins(*{user.sub_account_id for user in users})
            one_row = request.path.endswith("/delete/")
            link = '<a class="console-link" href="?last_admin=true">{}</a>'
            way = format_html(link, gettext("delete it all the same"))
            in_the_way = in_the_way + [
                format_html(
                    gettext("{} would be left without an admin: make somebody else one first, or {}."),
                    sub_account,
                    way if one_row else gettext("delete its last one alone"),
                )
                for sub_account in left_without_admin(users)
            ]
        return deletion, totals, lacking, in_the_way

    def refusal_to_set_password(self, request: HttpRequest, row: models.Model) -> str | None:
        return gettext("The system user never signs in.") if row.is_system else None
