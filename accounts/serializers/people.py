"""How people look in the API."""

from rest_framework import serializers

from accounts.choices import UserRole
from accounts.models import User
from accounts.shapes import BOOKINGS_TIME
from loctelli.api import fields
from loctelli.api.serializers import ModelSerializer, Serializer
from tenants.models import SubAccount
from tenants.serializers import TenantModelSerializer
from tenants.shapes import SETTINGS

# The system user is the platform's own: nobody is made one.
ASSIGNABLE_ROLES = [choice for choice in UserRole.choices if choice[0] != UserRole.SYSTEM]


class AvailabilityField(fields.Shaped, fields.JSONContainerField):
    """When a person can be booked: an object of weekly hours, or the older list of {date, slots}."""

    shape = BOOKINGS_TIME


class SettingsField(fields.Shaped, fields.JSONObjectField):
    """The sub-account's settings; what the platform doesn't know is kept."""

    shape = SETTINGS


class UserSerializer(TenantModelSerializer):
    """A person of the sub-account."""

    role = fields.ChoiceField(choices=ASSIGNABLE_ROLES, required=False)
    bookings_time = AvailabilityField(required=False, allow_null=True)
    last_login_at = fields.DateTimeField(source="last_login", read_only=True, allow_null=True)

    class Meta:
        model = User
        fields = [
            "id", "name", "email", "company", "role", "is_active", "budget", "bookings_time",
            "booking_enabled", "timezone", "calendar_id", "location_id", "assigned_user_id", "last_login_at",
            "created_at", "updated_at", "sub_account_id",
        ]  # fmt: skip
        read_only_fields = ["sub_account_id", "email"]
        columns = {"last_login_at": ["last_login"]}
        includes = ["sub_account", "strategies"]
        example = {
            "id": 7,
            "name": "Alice Ames",
            "email": "alice@acme.example",
            "company": "Acme Roofing",
            "role": "manager",
            "is_active": True,
            "timezone": "America/New_York",
            "booking_enabled": 1,
            "sub_account_id": 2,
        }


class InvitedPersonSerializer(Serializer):
    """Whom to invite into the sub-account, and as what."""

    name = fields.CharField(max_length=255)
    email = fields.AccountEmailField(max_length=254)
    role = fields.ChoiceField(choices=ASSIGNABLE_ROLES, default=UserRole.USER)
    company = fields.CharField(max_length=255, required=False, allow_null=True, default=None)

    class Meta:
        example = {"name": "Bob Byrne", "email": "bob@acme.example", "role": "manager"}


class MailedSerializer(Serializer):
    """That a mail is on its way, whoever the address belongs to."""

    detail = fields.CharField(read_only=True)


class ProfileSerializer(UserSerializer):
    """One's own account: what a person may change about themself."""

    class Meta(UserSerializer.Meta):
        variant = True
        read_only_fields = ["sub_account_id", "email", "role", "is_active"]
        includes = ["sub_account"]

    role = fields.ChoiceField(choices=UserRole.choices, read_only=True)


class SubAccountSerializer(ModelSerializer):
    """The business whose data this is."""

    settings = SettingsField(required=False, allow_null=True)

    class Meta:
        model = SubAccount
        fields = ["id", "name", "description", "is_active", "settings", "created_at", "updated_at"]
        read_only_fields = ["is_active"]
        includes = ["users"]
        example = {
            "id": 2,
            "name": "Acme Roofing",
            "description": "Roofs and gutters in Springfield.",
            "is_active": True,
            "settings": {"lead_statuses": ["quoted"]},
            "created_at": "2026-01-05T09:00:00Z",
            "updated_at": "2026-03-01T16:20:00Z",
        }


class SuccessorSerializer(Serializer):
    """Who gets what belongs to another."""

    user_id = fields.RelatedField(queryset=User._default_manager, source="user")


class ReassignedSerializer(Serializer):
    """How many rows of each table changed hands."""

    reassigned = serializers.DictField(child=fields.IntegerField(), read_only=True)
