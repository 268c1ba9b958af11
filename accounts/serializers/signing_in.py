"""What signing in takes and gives."""

from accounts.serializers.people import ProfileSerializer
from loctelli.api import fields
from loctelli.api.serializers import Serializer


class LoginSerializer(Serializer):
    """An address and a password."""

    email = fields.EmailField(max_length=254)
    password = fields.CharField(max_length=4096, trim_whitespace=False)


class AccessTokenSerializer(Serializer):
    """An access token, how long it holds in seconds, and whose it is."""

    access_token = fields.CharField(read_only=True)
    token_type = fields.ChoiceField(choices=["Bearer"], read_only=True)
    expires_in = fields.IntegerField(read_only=True, help_text="Seconds.")
    user = ProfileSerializer(read_only=True)
