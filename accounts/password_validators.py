"""What a password must be: long enough for its kind of account, and not too long to hash."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from accounts.models import AdminUser

LONGEST = 4096


class LengthValidator:
    """Asks for 8 characters of users, 12 of platform admins, and takes 4,096 at most."""

    def __init__(self, users: int = 8, admins: int = 12) -> None:
        self.users, self.admins = users, admins

    def validate(self, password: str, user: Any = None) -> None:
        minimum = self.admins if isinstance(user, AdminUser) else self.users
        if len(password) < minimum:
            told = gettext("This password is too short: it needs %(minimum)d characters.")
            raise ValidationError(told % {"minimum": minimum}, "password_too_short")
        if len(password) > LONGEST:
            told = gettext("This password is too long: %(most)d characters at most.")
            raise ValidationError(told % {"most": LONGEST}, "password_too_long")

    def get_help_text(self) -> str:
        told = gettext("At least %(users)d characters, for platform admins %(admins)d.")
        return told % {"users": self.users, "admins": self.admins}
