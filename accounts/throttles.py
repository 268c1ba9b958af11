"""How often somebody may call the API: each user, each sub-account and, without a valid token, each address."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.tokens import Claims
from loctelli.api.errors import rendered
from security import throttling
from security.throttling import Rate, Verdict

API_PREFIX = "/api/"


def policies_of(request: HttpRequest, claims: Claims | None) -> dict[str, tuple[str, Rate]]:
    """Return the throttles that an API request counts for; anything but the API is not throttled.

    A valid token counts for its user and sub-account, wherever it comes from: strangers at the same address can't use
    up what is theirs, nor can a forged token.
    """
    if not request.path_info.startswith(API_PREFIX):
        return {}
    if claims is None:
        address = throttling.client_address(request)
        return {"address": (f"api:address:{address}", Rate.parse(settings.ANONYMOUS_THROTTLE))}
    return {
        "api": (f"api:user:{claims.user_id}", Rate.parse(settings.API_THROTTLE)),
        "sub_account": (f"api:sub_account:{claims.sub_account_id}", Rate.parse(settings.SUB_ACCOUNT_THROTTLE)),
    }


def refuse(verdicts: dict[str, Verdict]) -> HttpResponse | None:
    """Return the answer to a request that is one too many, or None."""
    refusal = throttling.refusal(verdicts)
    return None if refusal is None else rendered(refusal)
