"""The console's pages of platform admins and tenant users."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.hashers import make_password
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.choices import UserRole
from accounts.models import AdminUser, User
from tenants.console.display import badge
from tenants.console.forms import ConsoleForm
from tenants.console.passwords import PasswordAdmin
from tenants.deletion import what_refers_to

RIGHTS = ("role", "permissions")


class AccountAdmin(PasswordAdmin):
    """What admins and users have in common: a new account gets its password on the page that follows."""

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        if not change:
            # Nothing is hashed for it; until a password is set nobody can sign in.
            obj.password = make_password(None)  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: models.Model, post_url_continue: str | None = None
    ) -> HttpResponse:
        if "_addanother" in request.POST or "_popup" in request.POST or self.refusal_to_set_password(request, obj):
            return super().response_add(request, obj, post_url_continue)
        self.message_user(request, f"{obj} was added. Set a password, so that they can sign in.")
        return HttpResponseRedirect(
            reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_password", args=[obj.pk])
        )


class AdminUserForm(ConsoleForm):
    """A platform admin's form: nobody takes their own rights or account away."""

    own = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.own:
            for name in {"role", "is_active"}.intersection(self.changed_data):
                self.add_error(name, "You can't take away your own rights: let another super admin do it.")
        return cleaned


@admin.register(AdminUser)
class AdminUserAdmin(AccountAdmin):
    """Accounts of the platform's own admins: for super admins; others may be let to see who there is."""

    form = AdminUserForm
    minimum_password_length = 12
    list_display = ["name", "email", badge("role", {"super_admin": "warning"}), "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["name", "email"]
    ordering = ["name", "id"]
    readonly_fields = ["password_state", "last_login"]
    fieldsets = [
        (None, {"fields": ["name", "email", "is_active"]}),
        ("Rights", {"fields": list(RIGHTS)}),
        ("Sign-in", {"fields": ["password_state", "last_login"]}),
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

    def refusal_to_delete(self, request: HttpRequest, obj: models.Model) -> str | None:
        return "You can't delete your own account." if obj.pk == request.user.pk else None


class UserForm(ConsoleForm):
    """A tenant user's form: the system user stays what it is, and nobody moves away from what is theirs."""

    FIXED = {
        "name": "renamed",
        "email": "renamed",
        "sub_account": "moved",
        "role": "given another role",
        "is_active": "deactivated",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.was_system = self.instance.is_system

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.was_system:
            for name in self.FIXED.keys() & set(self.changed_data):
                self.add_error(name, f"The system user can't be {self.FIXED[name]}.")
        elif cleaned.get("role") == UserRole.SYSTEM:
            self.add_error("role", "There is one system user, in ONBOARDING.")
        if self.instance.pk and "sub_account" in self.changed_data and "sub_account" in cleaned:
            theirs = [str(count) for count in what_refers_to(self.instance)]
            if theirs:
                self.add_error(
                    "sub_account", f"{self.instance} can't be moved while these are theirs: {', '.join(theirs)}."
                )
        return cleaned


@admin.register(User)
class UserAdmin(AccountAdmin):
    form = UserForm
    movable = True
    list_display = ["name", "email", "sub_account", badge("role", {"admin": "info"}), "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["name", "email", "company"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    readonly_fields = ["password_state", "last_login"]
    fieldsets = [
        (None, {"fields": ["sub_account", "name", "email", "company", "role", "is_active"]}),
        ("Sign-in", {"fields": ["password_state", "last_login"]}),
        ("Bookings", {"fields": ["booking_enabled", "timezone", "bookings_time", "budget"]}),
        ("GoHighLevel", {"fields": ["calendar_id", "location_id", "assigned_user_id"]}),
    ]
    add_fieldsets = [fieldsets[0], fieldsets[2], fieldsets[3]]

    def refusal_to_delete(self, request: HttpRequest, obj: models.Model) -> str | None:
        return "The system user can't be deleted." if obj.is_system else None

    def refusal_to_set_password(self, request: HttpRequest, row: models.Model) -> str | None:
        return "The system user never signs in." if row.is_system else None
