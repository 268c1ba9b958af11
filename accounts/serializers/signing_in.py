"""What signing in, sessions and passwords take and give."""

from accounts.password_validators import LONGEST
from accounts.serializers.people import ProfileSerializer
from loctelli.api import fields
from loctelli.api.serializers import Serializer


class LoginSerializer(Serializer):
    """An address and a password."""

    email = fields.AccountEmailField(max_length=254)
    password = fields.CharField(max_length=LONGEST, trim_whitespace=False)
    remember = fields.BooleanField(required=False, help_text="Let the session go on for longer.")
    device_token = fields.CharField(
        required=False, max_length=500, help_text="What the last sign-in from this device answered with."
    )


class RefreshTokenSerializer(Serializer):
    """A refresh token."""

    refresh_token = fields.CharField(max_length=500)


class AccessTokenSerializer(Serializer):
    """An access token, and how long it holds in seconds."""

    access_token = fields.CharField(read_only=True)
    token_type = fields.ChoiceField(choices=["Bearer"], read_only=True)
    expires_in = fields.IntegerField(read_only=True, help_text="Seconds.")


class TokensSerializer(AccessTokenSerializer):
    """An access token, and the refresh token that gets the next ones, once."""

    refresh_token = fields.CharField(read_only=True)
    refresh_expires_in = fields.IntegerField(read_only=True, help_text="Seconds, unless it is used before.")


class LoginAnswerSerializer(TokensSerializer):
    """Tokens, what this device is known by from now on, and who signed in."""

    device_token = fields.CharField(
        read_only=True, help_text="Keep it, and send it with the next sign-in from this device."
    )
    user = ProfileSerializer(read_only=True)


class SessionSerializer(Serializer):
    """One of one's sessions: where it was begun or last renewed, and when."""

    id = fields.CharField(read_only=True)
    device = fields.CharField(read_only=True, allow_null=True, help_text="The User-Agent that last renewed it.")
    ip_address = fields.CharField(read_only=True)
    created_at = fields.DateTimeField(read_only=True)
    last_used_at = fields.DateTimeField(read_only=True, help_text="When it was last renewed.")
    expires_at = fields.DateTimeField(read_only=True, help_text="When it ends, unless it is renewed before.")
    is_current = fields.BooleanField(read_only=True, help_text="Whether it is the one that asks.")


class SessionsSerializer(Serializer):
    """All of one's sessions, the one last used first."""

    results = SessionSerializer(many=True, read_only=True)


class PasswordChangeSerializer(Serializer):
    """The password as it is, and the new one."""

    current_password = fields.CharField(max_length=LONGEST, trim_whitespace=False, write_only=True)
    password = fields.CharField(max_length=LONGEST, trim_whitespace=False, write_only=True)


class ForgottenPasswordSerializer(Serializer):
    """The address of an account."""

    email = fields.AccountEmailField(max_length=254)


class PasswordResetSerializer(Serializer):
    """The token that came by e-mail, and the new password."""

    token = fields.CharField(max_length=500)
    password = fields.CharField(max_length=LONGEST, trim_whitespace=False, write_only=True)
