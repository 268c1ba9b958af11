"""Invitation codes: shown once, stored as a keyed hash."""

import secrets

from django.utils.crypto import salted_hmac

# Without the characters people mistake for one another; 32 of them, so eight make 40 bits.
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 8


def new_code() -> str:
    """Return a new random code."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def hash_code(code: str) -> str:
    """Return what is stored of a code: a plain hash of 40 bits falls in a dump, one keyed with SECRET_KEY doesn't."""
    return salted_hmac("tenants.invitations", code.strip().upper(), algorithm="sha256").hexdigest()
