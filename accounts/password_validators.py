"""What a password must be: long enough for its kind of account, and not too long to hash."""

from typing import Any

from django.core.exceptions import ValidationError

from accounts.models import AdminUser

LONGEST = 4096


class LengthValidator:
    """Asks for 8 characters of users, 12 of platform admins, and takes 4,096 at most."""

    def __init__(self, users: int = 8, admins: int = 12) -> None:
        self.users, self.admins = users, admins

    def validate(self, password: str, user: Any = None) -> None:
        minimum = self.admins if isinstance(user, AdminUser) else self.users
        if len(password) < minimum:
            raise ValidationError(f"This password is too short: it needs {minimum} characters.", "password_too_short")
        if len(password) > LONGEST:
            raise ValidationError(f"This password is too long: {LONGEST} characters at most.", "password_too_long")

    def get_help_text(self) -> str:
        return f"At least {self.users} characters, for platform admins {self.admins}."
