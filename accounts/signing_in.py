"""Signing in, the one way for tenant users over the API and platform admins in the console."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone

from accounts.devices import Client, device_token, find_device, remember_device, signed_device
from accounts.jobs import mail_new_device
from accounts.locations import locate, same_place
from accounts.lockouts import count_guess, forget_guesses
from accounts.models import AdminUser, User
from accounts.passwords import verify_nothing, verify_password
from loctelli.database.fields import normalize_email
from loctelli.errors import DomainError
from security import throttling
from security.choices import AccountType, FailureReason
from security.models import AuthAttempt, KnownDevice
from security.storms import look_for_lockout_storm
from tenants.scope import system_scope

# With how many past sign-ins a new one is compared.
REMEMBERED_SIGN_INS = 50


class InvalidCredentials(DomainError):
    """One answer for an unknown address, a wrong password, an inactive and a locked account."""

    code = "invalid_credentials"
    status = 401
    detail = "The e-mail address or the password is wrong."


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who signed in, what their device is known by from now on, and whether device and place are new."""

    account: Any
    device_token: str
    is_new_device: bool
    is_new_location: bool


def sign_in(kind: AccountType, email: str, *, password: str, client: Client) -> SignIn:
    """Return the active account with this address and password, a user's sub-account loaded; its device is known now.

    Raises InvalidCredentials otherwise, and Throttled when too many tried. Looks up and counts in a system scope,
    hashes outside of any transaction, and records the attempt in a second scope. Unknown, wrong, inactive and locked
    make the same statements and one hash.
    """
    _throttle(kind, email, client)
    with system_scope("sign-in: look-up"):
        account = find_account(kind, email)
        device = find_device(kind, account, client.device_token)
        is_open = count_guess(kind, email, device)
    reason = _refusal(account, password, is_open)
    with system_scope("sign-in: record"):
        attempt, is_first = _record(kind, email, client, device, reason)
        if reason is not None:
            look_for_lockout_storm(account_type=kind, email=email, ip_address=client.address)
        if reason is None:
            known = _succeed(kind, account, client, device, attempt, is_first=is_first)
    if reason is not None:
        raise InvalidCredentials
    return SignIn(account, device_token(known), attempt.is_new_device, attempt.is_new_location)


def find_account(kind: AccountType, email: str) -> Any:
    """Return the account of a kind with an address, however it is spelt, in the bound system scope; else None."""
    if kind == AccountType.ADMIN:
        return AdminUser.objects.filter(email=email).first()
    return User.objects.select_related("sub_account").filter(email=email).first()


def is_usable(account: Any) -> bool:
    """Return whether an account may sign in: active, and a user's sub-account active, too."""
    return account.is_active and (not isinstance(account, User) or account.sub_account.is_active)


def _throttle(kind: AccountType, email: str, client: Client) -> None:
    # Apart for each device we know, so that strangers don't use up what is its owner's.
    key = f"login:account:{kind}:{normalize_email(email)}:{signed_device(client.device_token) or ''}"
    throttling.spend("account", key, throttling.Rate.parse(settings.LOGIN_ACCOUNT_THROTTLE))


def _refusal(account: AbstractBaseUser | None, password: str, is_open: bool) -> FailureReason | None:
    if not is_open:
        verify_nothing(password)
        return FailureReason.ACCOUNT_LOCKED
    if not verify_password(account, password):
        return FailureReason.INVALID_CREDENTIALS
    return None if is_usable(account) else FailureReason.ACCOUNT_INACTIVE


def _record(
    kind: AccountType, email: str, client: Client, device: KnownDevice | None, reason: FailureReason | None
) -> tuple[AuthAttempt, bool]:
    """Write the attempt down, compared with the account's past; return it and whether there is no past."""
    past = AuthAttempt.objects.filter(email=email, account_type=kind, success=True).order_by("-created_at")
    seen = list(past.values_list("ip_address", "user_agent", "geo_location")[:REMEMBERED_SIGN_INS])
    place = locate(client.address)
    attempt = AuthAttempt.objects.create(
        email=email,
        account_type=kind,
        success=reason is None,
        failure_reason=reason,
        ip_address=client.address,
        user_agent=client.user_agent,
        geo_location=place,
        is_new_device=device is None and all(client.user_agent != user_agent for _, user_agent, _ in seen),
        is_new_location=not any(same_place(client.address, place, address, other) for address, _, other in seen),
    )
    return attempt, not seen


def _succeed(
    kind: AccountType,
    account: Any,
    client: Client,
    device: KnownDevice | None,
    attempt: AuthAttempt,
    *,
    is_first: bool,
) -> KnownDevice:
    if device is None:
        forget_guesses(kind, account.email)
    account.last_login = timezone.now()
    account.save(update_fields=["last_login"])
    if attempt.is_new_device and not is_first:
        mail_new_device.defer(attempt_id=attempt.pk)
    return remember_device(kind, account, client, device)
