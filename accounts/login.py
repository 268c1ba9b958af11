"""Signing in over the API. Sessions, lockouts and second factors find their place here."""

from django.utils import timezone

from accounts.models import User
from accounts.passwords import verify_password
from loctelli.errors import DomainError
from security.choices import AccountType, FailureReason
from security.models import AuthAttempt
from tenants.scope import system_scope


class InvalidCredentials(DomainError):
    """One answer for an unknown address, a wrong password and an inactive account."""

    code = "invalid_credentials"
    status = 401
    detail = "The e-mail address or the password is wrong."


def sign_in(email: str, *, password: str, ip_address: str, user_agent: str) -> User:
    """Return the active user with this address and password, its sub-account loaded; raise InvalidCredentials.

    Looks up in a system scope, hashes outside of any transaction, and records the attempt in a second scope. Unknown,
    wrong and inactive take the same time.
    """
    with system_scope("API sign-in"):
        user = User.objects.select_related("sub_account").filter(email=email).first()
    reason = None
    if not verify_password(user, password):
        reason = FailureReason.INVALID_CREDENTIALS
    elif not (user.is_active and user.sub_account.is_active):
        reason = FailureReason.ACCOUNT_INACTIVE
    with system_scope("API sign-in"):
        AuthAttempt.objects.create(
            email=email,
            account_type=AccountType.USER,
            success=reason is None,
            failure_reason=reason,
            ip_address=ip_address,
            user_agent=user_agent,
        )
        if reason is None:
            user.last_login = timezone.now()
            user.save(update_fields=["last_login"])
    if reason is not None:
        raise InvalidCredentials
    return user
