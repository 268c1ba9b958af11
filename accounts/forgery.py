"""Telling a forged access token from one that has merely ended."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from security import incidents, throttling
from security.choices import IncidentType, Severity

LONGEST = 8_192
ALGORITHM = "HS256"


def report_if_forged(raw: str, request: HttpRequest) -> None:
    """Report a refused token that somebody made: well-formed, not yet ended by its own word, and not signed by us."""
    if (claims := forged_claims(raw)) is None:
        return
    incidents.report(
        IncidentType.TOKEN_FORGERY,
        severity=Severity.HIGH,
        description="An access token was presented that this installation did not sign.",
        metadata={
            "address": throttling.peer_address(request) or "unknown",
            "claimed_user_id": _short(claims.get("sub")),
            "claimed_sub_account_id": _short(claims.get("sub_account_id")),
            "algorithm": _short(claims.get("alg")),
        },
    )


def forged_claims(raw: str) -> dict[str, Any] | None:
    """Return what a forged token claims, with its header's `alg`; None for what is no token, has ended or is ours."""
    parts = raw.split(".")
    if len(raw) > LONGEST or len(parts) != 3:
        return None
    try:
        header, claims = (json.loads(_decode(part)) for part in parts[:2])
        signature = _decode(parts[2])
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return None
    expires = claims.get("exp")
    if isinstance(expires, int | float) and expires <= time.time():
        # Signed, maybe, with a key that has left the ring.
        return None
    signed = f"{parts[0]}.{parts[1]}".encode()
    ours = any(
        hmac.compare_digest(hmac.digest(key.encode(), signed, hashlib.sha256), signature) for key in _signing_keys()
    )
    if ours and header.get("alg") == ALGORITHM:
        return None
    return {**claims, "alg": header.get("alg")}


def _signing_keys() -> list[str]:
    """Return the keys that access tokens may be signed with today."""
    return [key for key in (settings.JWT_SIGNING_KEY, settings.JWT_SIGNING_KEY_PREVIOUS) if key]


def _decode(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _short(value: Any) -> str | None:
    """Return what a stranger wrote as text of a bearable length."""
    return None if value is None else str(value)[:64].replace("\x00", "")
