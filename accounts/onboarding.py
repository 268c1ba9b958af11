"""How people come in: they register or are invited, confirm, and join a sub-account by invitation.

Registering writes no account, it mails a token; confirming takes that token and the password again. So the answer and
its time don't tell whether an address has an account, nobody can occupy another's address, nothing piles up, and
neither the owner of an address that somebody else registered nor that somebody gets in alone: one lacks the password,
the other the mail. It also makes the token worth nothing to whoever reads the job that mails it.

Whom an admin invites by address gets a token, too, and chooses the password; the job makes it, and alone learns whether
the address has an account.
"""

import json
import time
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.db import connection
from procrastinate.contrib.django import app

from accounts import notices
from accounts.choices import UserRole
from accounts.membership import move_user
from accounts.models import User
from accounts.password_changes import check_strength
from loctelli.database.fields import normalize_email
from loctelli.database.locks import lock_until_commit
from loctelli.errors import Conflict, DomainError, InvalidRequest
from security import platform_secrets
from security.keys import EncryptionError
from security.throttling import Rate, hit
from tenants.invitations import InvalidInvitation, open_invitation, redeem
from tenants.models import ONBOARDING_ID, SubAccountInvitation
from tenants.scope import system_scope

CONFIRM_WITHIN_SECONDS = 24 * 60 * 60
ACCEPT_WITHIN_SECONDS = 7 * CONFIRM_WITHIN_SECONDS
# Nobody can fill a stranger's mailbox: beyond this nothing is sent, and the answer is the same.
MAILS_TO_ONE_ADDRESS = Rate(3, 3600)
# Nor mail in the name of a sub-account to half the world.
MAILS_OF_ONE_SUB_ACCOUNT = Rate(200, 86_400)
# Where a sealed registration belongs, although no table holds one.
PLACE = {"table": "registrations", "column": "token", "row_id": ""}


class InvalidRegistration(DomainError):
    """One answer for a token that is forged, expired or used, and for another password than was chosen."""

    code = "invalid_registration"
    status = 404
    detail = "This has expired, was confirmed already or taken back, or has another password."


class AlreadyJoined(Conflict):
    """People move from ONBOARDING into a sub-account; from one into another only the platform moves them."""

    code = "already_joined"
    detail = "You belong to a sub-account already."


@dataclass(frozen=True)
class Registration:
    """What somebody registered with, the password as its hash; `invitation_id` is what they mean to join by.

    Or what an admin, `invited_by`, has invited somebody with to `sub_account_id`; they choose the password.
    """

    name: str
    email: str
    expires_at: int
    password: str | None = None
    invitation_id: str | None = None
    invited_by: int | None = None
    sub_account_id: int = ONBOARDING_ID
    role: str = UserRole.USER
    company: str | None = None

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


def invite(admin: User, *, name: str, email: str, role: str, company: str | None) -> None:
    """Mail somebody an invitation into an admin's sub-account, which is bound; who has the address, its job finds out.

    Raises InvalidRequest at `email` when it is a colleague's already, which everybody there sees anyway.
    """
    if User.objects.filter(email=email).exists():
        raise InvalidRequest.at("email", "unique", "Somebody here has this address already.")
    invited = {"name": name, "email": email, "role": role, "company": company}
    mail = app.configure_task("accounts.mail_user_invitation")
    mail.defer(invited_by=admin.pk, sub_account_id=admin.sub_account_id, **invited)


def mail_invitation(*, invited_by: int, sub_account_id: int, email: str, **invited: Any) -> bool:
    """Mail what `invite` was told, unless the admin has ceased to be one there; return whether. Call it unbound."""
    with system_scope("inviting somebody"):
        admin = _inviting(invited_by, sub_account_id)
        taken = User.objects.filter(email=email).exists()
    of_one = hit(f"invitation:mail:sub-account:{sub_account_id}", MAILS_OF_ONE_SUB_ACCOUNT)
    if admin is None or not (of_one.allowed and hit(f"registration:mail:{email}", MAILS_TO_ONE_ADDRESS).allowed):
        return False
    registration = Registration(
        email=email,
        expires_at=int(time.time()) + ACCEPT_WITHIN_SECONDS,
        invited_by=invited_by,
        sub_account_id=sub_account_id,
        **invited,
    )
    notices.send_user_invitation(email, admin.sub_account.name, None if taken else registration.seal())
    return True


def confirm(token: str, *, password: str) -> User:
    """Make the account of a registration, in ONBOARDING or where its invitation leads; return it.

    Of whom an admin has invited, `password` is the one they choose; raises InvalidRequest when it is none.
    Raises InvalidRegistration, or InvalidInvitation when the invitation is used up by now; then no account is made.
    Call it outside of any transaction.
    """
    registration = Registration.unseal(token)
    hashed = registration.password
    if hashed is None:
        check_strength(password, User(name=registration.name, email=registration.email))
        hashed = make_password(password)
    elif not check_password(password, hashed):
        raise InvalidRegistration
    with system_scope("confirming a registration"):
        # Of two who confirm the same one at once, the second waits, and finds the account that the first has made.
        lock_until_commit(connection, f"confirming:{registration.email}")
        if User.objects.filter(email=registration.email).exists():
            raise InvalidRegistration
        user = User(
            name=registration.name,
            email=registration.email,
            password=hashed,
            company=registration.company,
            role=registration.role,
            **_place_of(registration),
        )
        user.save()
        return user


def _place_of(registration: Registration) -> dict[str, Any]:
    """Return where an account is made and by which platform admin; a use of the invitation is counted."""
    if registration.invited_by is not None:
        admin = _inviting(registration.invited_by, registration.sub_account_id)
        if admin is None:
            raise InvalidRegistration
        return {
            "sub_account_id": registration.sub_account_id,
            "created_by_admin_id": admin.sub_account.created_by_admin_id,
        }
    if registration.invitation_id is None:
        return {"sub_account_id": ONBOARDING_ID}
    invitation = SubAccountInvitation.objects.filter(pk=registration.invitation_id).first()
    if invitation is None:
        raise InvalidInvitation
    redeem(invitation)
    return {"sub_account_id": invitation.sub_account_id, "created_by_admin_id": invitation.created_by_admin_id}


def _inviting(user_id: int, sub_account_id: int) -> User | None:
    """Return who invited somebody as long as they administer the sub-account, and it is active."""
    admins = User.objects.select_related("sub_account").filter(pk=user_id, sub_account_id=sub_account_id)
    return admins.filter(role=UserRole.ADMIN, is_active=True, sub_account__is_active=True).first()


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
