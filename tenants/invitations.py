"""Invitations: codes shown once and stored as keyed hashes, redeemed never oftener than they allow.

The keys are SECRET_KEY's and its fallbacks', each put through a derivation of its own: a code goes on working while the
SECRET_KEY it was made under is still believed. The ring of ENCRYPTION_KEYS would be no better, for a hash can't be
rewrapped.
"""

import re
import secrets
from functools import cache
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db.models import F
from django.utils.crypto import salted_hmac

from loctelli.errors import DomainError
from tenants.models import SubAccountInvitation
from tenants.scope import system_scope

# Without the characters people mistake for one another; 32 of them, so eight make 40 bits.
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 8


class InvalidInvitation(DomainError):
    """One answer for a code that is unknown, expired, used up or revoked, and for another password than its own."""

    code = "invalid_invitation"
    status = 404
    detail = "There is no such invitation, it has ended, or it has another password."


def new_code() -> str:
    """Return a new random code."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def link_of(code: str) -> str | None:
    """Return the address of the front end's page for a code; None when the installation has none."""
    page = settings.FRONTEND_INVITATION_URL
    return page.replace("{code}", quote(code)) if page != "{code}" else None


def hash_code(code: str) -> str:
    """Return what is stored of a code: a plain hash of 40 bits falls in a dump, one keyed with SECRET_KEY doesn't."""
    return _hash(code, settings.SECRET_KEY)


def hashes_of(code: str) -> list[str]:
    """Return what may be stored of a code: its hash under today's SECRET_KEY and under each former one."""
    return [_hash(code, secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _hash(code: str, secret: str) -> str:
    # People write codes in groups and in lower case.
    plain = re.sub(r"[\s-]", "", code).upper()
    return salted_hmac("tenants.invitations", plain, secret=secret, algorithm="sha256").hexdigest()


def open_invitation(code: str, password: str | None) -> SubAccountInvitation:
    """Return the usable invitation with this code and password, its sub-account loaded; raise InvalidInvitation.

    Call it outside of any transaction. It hashes when a password came, whether or not there is such an invitation, so
    that the time tells nothing.
    """
    with system_scope("looking an invitation up"):
        usable = SubAccountInvitation.objects.usable().select_related("sub_account")
        invitation = usable.filter(code__in=hashes_of(code)).first()
    stored = invitation.password if invitation is not None else None
    matches = check_password(password, stored or _nobodys_hash()) if password is not None else False
    if invitation is None or (stored and not matches):
        raise InvalidInvitation
    return invitation


def redeem(invitation: SubAccountInvitation) -> None:
    """Count one more use in the bound system scope; raise InvalidInvitation when there is none left by now.

    One conditional UPDATE: of many at once so many get through as uses are left.
    """
    same = SubAccountInvitation.objects.usable().filter(pk=invitation.pk, password=invitation.password)
    if not same.update(current_uses=F("current_uses") + 1):
        raise InvalidInvitation


@cache
def _nobodys_hash() -> str:
    return make_password("the password of no invitation")
