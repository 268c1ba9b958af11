"""The second factor of platform admins: an authenticator app (TOTP, RFC 6238), and recovery codes for when it is lost.

The arithmetic is django-otp's; its own table keeps secrets readable, so ours seals them under the key ring. A code is
good for its time step and one before and after, and for one use: a conditional UPDATE spends it.
"""

import base64
import os
import secrets
import time
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.utils import timezone
from django_otp.oath import TOTP

from accounts.models import AdminUser
from loctelli.database.fields import cuid
from loctelli.errors import DomainError
from security import integrity, platform_secrets, throttling
from security.keys import Unreadable
from security.models import RecoveryCode, SecondFactor
from tenants.scope import system_scope

ISSUER = "Loctelli"
SECRET_BYTES = 20
DIGITS = 6
RECOVERY_CODES = 10
# Digits that no code has, and the letters they were read from.
MISREAD = str.maketrans("01", "ol")
# A secret that was shown and not confirmed is replaced after this time: somebody else may have seen it meanwhile.
ENROLMENT = timedelta(minutes=15)
# What an admin is told whose app's secret does not decrypt; that is an incident.
UNREADABLE = (
    "The secret of your authenticator app can't be read. Take a recovery code, or let a super admin reset the app."
)


class WrongCode(DomainError):
    """A code that is not the app's now, or was used before, or is no unused recovery code."""

    code = "wrong_code"
    status = 400
    detail = "This code is wrong, or it was used before."


def has_second_factor(admin: AdminUser) -> bool:
    """Return whether an admin has a confirmed authenticator app; in the bound system scope."""
    return SecondFactor.objects.confirmed().filter(admin=admin).exists()


def begin_enrolment(admin: AdminUser) -> str:
    """Return the secret, in base32, that an admin's app is to learn; the same one for a while, then a new one."""
    with system_scope("console: setting up an authenticator app"):
        waiting = SecondFactor.objects.filter(admin=admin, confirmed_at=None)
        recent = waiting.filter(created_at__gt=timezone.now() - ENROLMENT).first()
        if recent is not None:
            with suppress(Unreadable):
                return _secret_of(recent)
        waiting.delete()
        factor = SecondFactor(pk=cuid(), admin=admin)
        factor.secret = platform_secrets.seal(
            base64.b32encode(os.urandom(SECRET_BYTES)).decode(),
            table="second_factors",
            column="secret",
            row_id=factor.pk,
        )
        # Of two that begin at once one makes the row, and both show it.
        SecondFactor.objects.bulk_create([factor], ignore_conflicts=True)
        return _secret_of(SecondFactor.objects.get(admin=admin))


def confirm_enrolment(admin: AdminUser, code: str) -> list[str]:
    """Take the app's first code as proof that it works; return the recovery codes, which are shown this once.

    Raises WrongCode, or Throttled after too many tries. Call it unbound.
    """
    _count_try(admin)
    with system_scope("console: setting up an authenticator app"):
        factor = SecondFactor.objects.filter(admin=admin, confirmed_at=None).first()
        if factor is None or not _spend(factor, code):
            raise WrongCode
        SecondFactor.objects.filter(pk=factor.pk).update(confirmed_at=timezone.now())
        admin.second_factor_id = factor.pk
        return replace_recovery_codes(admin)


def check_code(admin: AdminUser, code: str) -> None:
    """Spend a code of an admin's app or a recovery code; raise WrongCode or Throttled. Call it unbound."""
    _count_try(admin)
    with system_scope("console: a second factor"):
        factor = SecondFactor.objects.confirmed().filter(admin=admin).first()
        if factor is None or not (_spend(factor, code) or _spend_recovery_code(admin, code)):
            raise WrongCode


def replace_recovery_codes(admin: AdminUser) -> list[str]:
    """Return new recovery codes, in place of all there were; in the bound system scope."""
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.filter(admin=admin).delete()
    RecoveryCode.objects.bulk_create([RecoveryCode(admin=admin, code_hash=_hash(code)) for code in codes])
    return codes


def recovery_codes_left(admin: AdminUser) -> int:
    """Return how many recovery codes an admin has not used yet; in the bound system scope."""
    return RecoveryCode.objects.filter(admin=admin, used_at=None).count()


def remove_second_factor(admin: AdminUser) -> bool:
    """Forget an admin's app and recovery codes, in the bound system scope; return whether there were any."""
    RecoveryCode.objects.filter(admin=admin).delete()
    admin.second_factor_id = None
    return bool(SecondFactor.objects.filter(admin=admin).delete()[0])


def provisioning_uri(admin: AdminUser, secret: str) -> str:
    """Return what the QR code says to the app: whose account it is, where, and its secret."""
    query = urlencode({"secret": secret, "issuer": ISSUER, "digits": DIGITS})
    return f"otpauth://totp/{quote(f'{ISSUER}:{admin.email}')}?{query}"


def _count_try(admin: AdminUser) -> None:
    rate = throttling.Rate.parse(settings.SECOND_FACTOR_THROTTLE)
    throttling.spend("second-factor", f"console:second-factor:{admin.pk}", rate)


def _secret_of(factor: SecondFactor) -> str:
    place: dict[str, Any] = {"table": "second_factors", "column": "secret", "row_id": factor.pk}
    try:
        with integrity.reporting(**place, admin_id=factor.admin_id):
            return platform_secrets.unseal(factor.secret, **place)
    except Unreadable as error:
        error.detail = UNREADABLE
        raise


def _spend(factor: SecondFactor, code: str) -> bool:
    """Return whether this is a code of the app's that nobody has used, nor a later one; it is used now."""
    code = "".join(code.split())
    if not (code.isascii() and code.isdigit() and len(code) == DIGITS):
        return False
    totp = TOTP(base64.b32decode(_secret_of(factor)), digits=DIGITS)
    totp.time = time.time()
    if not totp.verify(int(code), tolerance=1, min_t=factor.last_step + 1):
        return False
    # After a match `t()` is the step of the code. Of two requests with one code the UPDATE lets one through.
    step = totp.t()
    return bool(SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step).update(last_step=step))


def _spend_recovery_code(admin: AdminUser, code: str) -> bool:
    return bool(
        RecoveryCode.objects.filter(admin=admin, code_hash=_hash(code), used_at=None).update(used_at=timezone.now())
    )


def _new_code() -> str:
    """Return 80 random bits as four groups of four letters and digits."""
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def _hash(code: str) -> str:
    """Return what is stored of a recovery code, however it was typed; 80 random bits need no slow hash."""
    plain = "".join(character for character in code.lower() if character.isalnum())
    return sha256(plain.translate(MISREAD).encode()).hexdigest()
