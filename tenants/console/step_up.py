"""The step up: before secrets and rights are changed, an admin shows once more that it is still them.

It holds for `CONSOLE_STEP_UP_MINUTES` and for the one session. A page whose whole purpose is such a change asks before
it opens; a form in which only some fields are sensitive asks when they are changed, and keeps what was typed.
"""

import time

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

STEPPED_UP = "stepped_up_at"


class StepUpRequired(Exception):
    """The page is opened after the admin has stepped up; the site leads there and back."""


def is_done(request: HttpRequest) -> bool:
    """Return whether this session's admin has shown who they are a short time ago."""
    return time.time() - request.session.get(STEPPED_UP, 0) < settings.CONSOLE_STEP_UP_MINUTES * 60


def note(request: HttpRequest) -> None:
    """Note in the session that its admin has just shown who they are."""
    request.session[STEPPED_UP] = int(time.time())


def require(request: HttpRequest) -> None:
    """Raise StepUpRequired unless it is done."""
    if not is_done(request):
        raise StepUpRequired


def refusal() -> SafeString:
    """Return what a form says to a sensitive change: where to step up, beside this page that keeps what was typed."""
    return format_html(
        gettext("Nothing was saved yet. {}, then save here once more."),
        format_html(
            '<a class="underline" href="{}" target="_blank">{}</a>',
            reverse("admin:step_up"),
            gettext("Confirm that it is you"),
        ),
    )
