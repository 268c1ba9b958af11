"""The people: platform admins, who work in the console, and tenant users, who work through the API."""

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.choices import AdminRole, UserRole
from accounts.permissions_of_admins import grants_module, grants_permission, validate_permissions
from accounts.shapes import BOOKINGS_TIME
from loctelli.database.constraints import one_of
from loctelli.database.fields import AccountEmailField, ForeignKey, JSONField, StringField
from loctelli.database.models import StampedModel
from loctelli.timezones import validate_timezone
from security.models import SecondFactor
from tenants.access import Access, Recording
from tenants.managers import TenantManager
from tenants.models import ONBOARDING_ID, FixtureOfThePlatform, RecordedModel, RecordedQuerySet, TenantModel
from tenants.scope import ensure_scope

SYSTEM_USER_ID = 1
SYSTEM_USER_EMAIL = "user@loctelli.com"


class AdminUserManager(BaseUserManager):
    """Makes and finds platform admins."""

    _queryset_class = RecordedQuerySet

    def create_user(self, email: str, password: str | None = None, **fields) -> "AdminUser":
        """Create an admin; without a password the account can't sign in until it gets one."""
        admin = self.model(email=email, **fields)
        admin.set_password(password)
        admin.save(using=self._db)
        return admin

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "AdminUser":
        """Create an admin who may do everything."""
        return self.create_user(email, password, role=AdminRole.SUPER_ADMIN, **fields)


class AdminUser(RecordedModel, AbstractBaseUser, StampedModel):
    """A platform admin: works in the console, over all sub-accounts."""

    access: ClassVar[Access] = Access.SYSTEM
    recording: ClassVar[Recording] = Recording.ALWAYS

    name = StringField()
    email = AccountEmailField(unique=True)

    password = StringField()
    role = StringField(choices=AdminRole, default=AdminRole.ADMIN, db_default=AdminRole.ADMIN.value)
    is_active = models.BooleanField(default=True, db_default=True)
    permissions = models.JSONField(
        null=True,
        blank=True,
        validators=[validate_permissions],
        help_text=_(
            'What an "admin" may do: Django permission names ("crm.change_lead"), models ("crm.lead") or whole apps '
            '("crm"). A super_admin may do everything.'
        ),
    )

    last_login = models.DateTimeField(db_column="last_login_at", null=True, blank=True, editable=False)
    # Since when nothing else can be done before the password is changed.
    password_change_required_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = AdminUserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        db_table = "admin_users"
        default_related_name = "admin_users"
        constraints = [one_of("role", AdminRole, name="admin_users_role")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_staff(self) -> bool:
        return self.is_active

    @cached_property
    def second_factor_id(self) -> str | None:
        """Which authenticator app guards the account, None for none: read once, so that all who ask agree on it."""
        with ensure_scope("console: whether there is a second factor"):
            return SecondFactor.objects.confirmed().filter(admin=self).values_list("pk", flat=True).first()

    def get_session_auth_hash(self) -> str:
        """Return what a session in the console stands on: the password, and the authenticator app or none.

        So a session that was opened by the password alone ends, whoever was first, once there is an app.
        """
        return self._with_second_factor(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return map(self._with_second_factor, super().get_session_auth_fallback_hash())

    def _with_second_factor(self, stamp: str) -> str:
        return salted_hmac("accounts.sessions", f"{stamp} {self.second_factor_id}", algorithm="sha256").hexdigest()

    @property
    def is_superuser(self) -> bool:
        return self.is_active and self.role == AdminRole.SUPER_ADMIN

    def has_perm(self, permission: str, obj: models.Model | None = None) -> bool:
        """Return whether this admin holds a Django permission, such as "crm.change_lead"."""
        return self.is_superuser or (self.is_active and grants_permission(self.permissions, permission))

    def has_perms(self, permissions: list[str], obj: models.Model | None = None) -> bool:
        return all(self.has_perm(permission, obj) for permission in permissions)

    def has_module_perms(self, app_label: str) -> bool:
        """Return whether this admin holds any permission of an app."""
        return self.is_superuser or (self.is_active and grants_module(self.permissions, app_label))


class User(AbstractBaseUser, TenantModel, StampedModel):
    """A tenant user: one person of one sub-account, at work through the API."""

    name = StringField()
    email = AccountEmailField(unique=True)
    company = StringField(null=True, blank=True)

    created_by_admin = ForeignKey(AdminUser, on_delete=models.SET_NULL, null=True, blank=True)

    password = StringField()
    role = StringField(choices=UserRole, default=UserRole.USER, db_default=UserRole.USER.value)
    is_active = models.BooleanField(default=True, db_default=True)

    budget = StringField(null=True, blank=True)
    bookings_time = JSONField(
        shape=BOOKINGS_TIME, null=True, blank=True, help_text=_("When this person can be booked.")
    )
    booking_enabled = models.IntegerField(default=1, db_default=1, choices=[(0, _("No")), (1, _("Yes"))])
    timezone = StringField(
        default="America/New_York",
        db_default="America/New_York",
        validators=[validate_timezone],
        help_text=_("IANA name."),
    )
    calendar_id = StringField(null=True, blank=True, help_text=_("GoHighLevel calendar."))
    location_id = StringField(null=True, blank=True, help_text=_("GoHighLevel location."))
    assigned_user_id = StringField(null=True, blank=True, help_text=_("GoHighLevel user."))

    last_login = models.DateTimeField(db_column="last_login_at", null=True, blank=True, editable=False)
    # Since when nothing else can be done before the password is changed.
    password_change_required_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = TenantManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta(TenantModel.Meta):
        db_table = "users"
        default_related_name = "users"
        constraints = [
            one_of("role", UserRole, name="users_role"),
            models.CheckConstraint(
                condition=Q(booking_enabled__in=[0, 1]),
                name="users_booking_enabled",
                violation_error_message=_("Must be 0 or 1."),
            ),
            models.CheckConstraint(
                condition=Q(role=UserRole.SYSTEM, pk=SYSTEM_USER_ID, sub_account=ONBOARDING_ID, is_active=True)
                & Q(email=SYSTEM_USER_EMAIL)
                | ~Q(role=UserRole.SYSTEM) & ~Q(pk=SYSTEM_USER_ID),
                name="users_system_stays",
                violation_error_message=_("The system user stays as it is: active, in ONBOARDING."),
            ),
        ]
        indexes = [
            # The people of one sub-account, newest first.
            models.Index(fields=["sub_account", "created_at", "id"], name="users_newest"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_system(self) -> bool:
        return self.role == UserRole.SYSTEM

    def delete(self, *args, **kwargs):
        if self.is_system:
            raise FixtureOfThePlatform
        return super().delete(*args, **kwargs)
