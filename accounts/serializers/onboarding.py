"""What registering and joining take and give."""

from accounts.models import User
from accounts.password_changes import check_strength
from accounts.password_validators import LONGEST
from loctelli.api import fields
from loctelli.api.serializers import Serializer


class InvitationSerializer(Serializer):
    """An invitation's code, in any case and grouping, and its password if it has one."""

    code = fields.CharField(max_length=32)
    invitation_password = fields.CharField(
        max_length=255, required=False, allow_null=True, default=None, trim_whitespace=False
    )

    class Meta:
        example = {"code": "K7PX-2M4Q", "invitation_password": "seven copper kettles"}


class InvitedToSerializer(Serializer):
    """Where an invitation leads."""

    sub_account_name = fields.CharField(read_only=True)

    class Meta:
        example = {"sub_account_name": "Acme Roofing"}


class RegistrationSerializer(Serializer):
    """Who wants an account."""

    name = fields.CharField(max_length=255)
    email = fields.AccountEmailField(max_length=254)
    password = fields.CharField(max_length=LONGEST, trim_whitespace=False)

    class Meta:
        example = {"name": "Bob Byrne", "email": "bob@example.com", "password": "four quiet harbour lamps"}

    def validate(self, attrs: dict) -> dict:
        check_strength(attrs["password"], User(name=attrs["name"], email=attrs["email"]))
        return attrs


class InvitedRegistrationSerializer(InvitationSerializer, RegistrationSerializer):
    """Who wants an account, and the invitation to join by."""

    class Meta:
        example = InvitationSerializer.Meta.example | RegistrationSerializer.Meta.example


class ConfirmationSerializer(Serializer):
    """The token that was mailed, and the password chosen."""

    token = fields.CharField(max_length=4096)
    password = fields.CharField(max_length=LONGEST, trim_whitespace=False)
