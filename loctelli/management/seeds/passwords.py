"""The passwords that seeding sets: strong ones only, given or made up."""

import secrets
import string
from typing import Any

from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    UserAttributeSimilarityValidator,
    validate_password,
)
from django.core.exceptions import ValidationError

from accounts.models import AdminUser

MINIMUM_LENGTH = 12
VALIDATORS: list[Any] = [
    MinimumLengthValidator(MINIMUM_LENGTH),
    CommonPasswordValidator(),
    UserAttributeSimilarityValidator(),
]
# Without what is easily taken for something else when it is typed from a screen.
ALPHABET = "".join(sorted(set(string.ascii_lowercase + string.digits) - set("l1o0")))


class SeedRefused(Exception):
    """Seeding can't go on; one sentence says what to set."""


def generate_password() -> str:
    """Return four groups of five random characters (99 bits)."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))


def require_strong(password: str, *, source: str, account: AdminUser | None = None) -> None:
    """Raise SeedRefused, naming where the password came from, when it is short, common or like the account's name."""
    try:
        validate_password(password, account, VALIDATORS)
    except ValidationError as error:
        advice = f"set it to {MINIMUM_LENGTH} or more characters that nobody guesses"
        raise SeedRefused(f"{source} is too weak: {advice} ({' '.join(error.messages)})") from error
