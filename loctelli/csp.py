"""Content-Security-Policy: nothing leaves our own origin, and only the pages that need more than 'self' get it."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

STRICT = {
    "default-src": "'self'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}
# Alpine, on which unfold's pages stand, evaluates expressions, and its themes are inline styles.
CONSOLE = STRICT | {
    "script-src": "'self' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
}
# Swagger UI starts from an inline script and draws its icons as data.
DOCS = STRICT | {
    "script-src": "'self' 'unsafe-inline'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
}


def header(policy: dict[str, str]) -> str:
    """Return a policy as the header writes it."""
    return "; ".join(f"{directive} {sources}" for directive, sources in policy.items())


BY_PREFIX = (("/console/", header(CONSOLE)), ("/api/docs/", header(DOCS)), ("/", header(STRICT)))


class ContentSecurityPolicyMiddleware:
    """Gives every answer the policy of the part of the site it comes from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy_for(request.path_info))
        return response


def policy_for(path: str) -> str:
    """Return the policy of a path."""
    return next(policy for prefix, policy in BY_PREFIX if path.startswith(prefix))
