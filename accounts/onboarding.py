"""How people come in: they register, confirm, and join a sub-account by invitation.

Registering writes no account, it mails a token; confirming takes that token and the password again. So the answer and
its time don't tell whether an address has an account, nobody can occupy another's address, nothing piles up, and
neither the owner of an address that somebody else registered nor that somebody gets in alone: one lacks the password,
the other the mail. It also makes the token worth nothing to whoever reads the job that mails it.
"""

import json
import time
from dataclasses import asdict, dataclass

from django.contrib.auth.hashers import check_password, make_password
from procrastinate.contrib.django import app

from accounts.choices import UserRole
from accounts.membership import move_user
from accounts.models import User
from loctelli.database.fields import normalize_email
from loctelli.errors import Conflict, DomainError
from security import platform_secrets
from security.keys import EncryptionError
from security.throttling import Rate, hit
from tenants.invitations import InvalidInvitation, open_invitation, redeem
from tenants.models import ONBOARDING_ID, SubAccountInvitation
from tenants.scope import system_scope

CONFIRM_WITHIN_SECONDS = 24 * 60 * 60
# Nobody can fill a stranger's mailbox: beyond this nothing is sent, and the answer is the same.
MAILS_TO_ONE_ADDRESS = Rate(3, 3600)
# Where a sealed registration belongs, although no table holds one.
PLACE = {"table": "registrations", "column": "token", "row_id": ""}


class InvalidRegistration(DomainError):
    """One answer for a token that is forged, expired or used, and for another password than was chosen."""

    code = "invalid_registration"
    status = 404
    detail = "This registration has expired, was confirmed already, or has another password."


class AlreadyJoined(Conflict):
    """People move from ONBOARDING into a sub-account; from one into another only the platform moves them."""

    code = "already_joined"
    detail = "You belong to a sub-account already."


@dataclass(frozen=True)
class Registration:
    """What somebody registered with, the password as its hash; `invitation_id` is what they mean to join by."""

    name: str
    email: str
    password: str
    invitation_id: str | None
    expires_at: int

    def seal(self) -> str:
        """Return the token that confirms it, encrypted: only we read it."""
        return platform_secrets.seal(json.dumps(asdict(self)), **PLACE)

    @classmethod
    def unseal(cls, token: str) -> "Registration":
        """Return the registration of a token; raise InvalidRegistration when it is none of ours or has expired."""
        try:
            registration = cls(**json.loads(platform_secrets.unseal(token, **PLACE)))
        except EncryptionError as error:
            raise InvalidRegistration from error
        if registration.expires_at < time.time():
            raise InvalidRegistration
        return registration


def register(*, name: str, email: str, password: str, invitation: SubAccountInvitation | None = None) -> None:
    """Mail the address a token that confirms the registration, or, where it has an account, that somebody tried.

    Call it outside of any transaction. Hashes, looks up and defers one mail, whoever the address belongs to.
    """
    # Mailed to the very address that the account gets, not to another spelling that may be somebody else's mailbox.
    email = normalize_email(email)
    registration = Registration(
        name=name,
        email=email,
        password=make_password(password),
        invitation_id=invitation.pk if invitation else None,
        expires_at=int(time.time()) + CONFIRM_WITHIN_SECONDS,
    )
    token = registration.seal()
    mailed = hit(f"registration:mail:{email}", MAILS_TO_ONE_ADDRESS).allowed
    with system_scope("a registration"):
        taken = User.objects.filter(email=email).exists()
        if mailed:
            mail = app.configure_task("accounts.mail_registration")
            mail.defer(email=email, token=None if taken else token)


def confirm(token: str, *, password: str) -> User:
    """Make the account of a registration, in ONBOARDING or where its invitation leads; return it.

    Raises InvalidRegistration, or InvalidInvitation when the invitation is used up by now; then no account is made.
    Call it outside of any transaction.
    """
    registration = Registration.unseal(token)
    if not check_password(password, registration.password):
        raise InvalidRegistration
    with system_scope("confirming a registration"):
        if User.objects.filter(email=registration.email).exists():
            raise InvalidRegistration
        invitation = _invitation_of(registration)
        user = User(
            name=registration.name,
            email=registration.email,
            password=registration.password,
            sub_account_id=invitation.sub_account_id if invitation else ONBOARDING_ID,
            created_by_admin_id=invitation.created_by_admin_id if invitation else None,
        )
        user.save()
        return user


def _invitation_of(registration: Registration) -> SubAccountInvitation | None:
    """Redeem the invitation that somebody registered with and return it, None when there was none."""
    if registration.invitation_id is None:
        return None
    invitation = SubAccountInvitation.objects.filter(pk=registration.invitation_id).first()
    if invitation is None:
        raise InvalidInvitation
    redeem(invitation)
    return invitation


def join(user: User, code: str, *, password: str | None) -> User:
    """Move somebody from ONBOARDING into an invitation's sub-account, as a plain user; return them as they are now.

    Raises AlreadyJoined, InvalidInvitation. Call it outside of any transaction.
    """
    if user.sub_account_id != ONBOARDING_ID:
        raise AlreadyJoined
    invitation = open_invitation(code, password)
    with system_scope("joining a sub-account"):
        waiting = User.objects.filter(pk=user.pk, sub_account_id=ONBOARDING_ID)
        joining = waiting.select_for_update(no_key=True).first()
        if joining is None:
            raise AlreadyJoined
        redeem(invitation)
        # Whatever they were in ONBOARDING, it was not this sub-account that made them so.
        joining.role = UserRole.USER
        joining.save(update_fields=["role"])
        move_user(joining, to=invitation.sub_account)
    return joining
