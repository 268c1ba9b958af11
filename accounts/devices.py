"""Which device asks: the client as a request shows it, and the signed token by which a device is known again."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.core import signing
from django.http import HttpRequest
from django.utils import timezone

from security import throttling
from security.choices import AccountType
from security.models import KnownDevice

# A device that was not used to sign in for so long is a new one again.
DEVICE_LIFETIME = timedelta(days=365)
LONGEST_USER_AGENT = 500


@dataclass(frozen=True, slots=True)
class Client:
    """From where and with what somebody signs in."""

    address: str
    user_agent: str
    device_token: str | None = None

    @classmethod
    def of(cls, request: HttpRequest, device_token: str | None = None) -> "Client":
        """Return the client that a request came from."""
        user_agent = request.headers.get("User-Agent", "")[:LONGEST_USER_AGENT].replace("\x00", "")
        return cls(throttling.peer_address(request) or "unknown", user_agent, device_token)


def device_token(device: KnownDevice) -> str:
    """Return what makes a device known again: its id, bound to its account and signed."""
    return _signer().sign(f"{device.pk}.{device.account_type}.{device.user_id}")


def signed_device(token: str | None) -> str | None:
    """Return what a device token of ours says, whosever it is; None when it is none."""
    try:
        return _signer().unsign(token) if token else None
    except signing.BadSignature:
        return None


def find_device(kind: AccountType, account: AbstractBaseUser | None, token: str | None) -> KnownDevice | None:
    """Return the account's device with this token, in the bound system scope; None when it is not known."""
    device_id, _, holder = (signed_device(token) or "").partition(".")
    if not device_id:
        return None
    # Asked also without an account, so that the queries don't tell whether there is one.
    owner = account.pk if account is not None and holder == f"{kind}.{account.pk}" else 0
    recent = timezone.now() - DEVICE_LIFETIME
    return KnownDevice.objects.filter(pk=device_id, account_type=kind, user_id=owner, last_used_at__gt=recent).first()


def remember_device(
    kind: AccountType, account: AbstractBaseUser, client: Client, device: KnownDevice | None
) -> KnownDevice:
    """Note that an account signed in from a device, in the bound system scope; a new one becomes known."""
    if device is None:
        return KnownDevice.objects.create(
            user_id=account.pk, account_type=kind, user_agent=client.user_agent, ip_address=client.address
        )
    device.user_agent, device.ip_address, device.last_used_at = client.user_agent, client.address, timezone.now()
    device.failed_attempts, device.locked_until = 0, None
    device.save()
    return device


def _signer() -> signing.Signer:
    return signing.Signer(salt="accounts.devices")
