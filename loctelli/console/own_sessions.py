"""An admin's own sessions in the console: where they are signed in, and an end to it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.sessions import hash_key
from security.models import ConsoleSession


def own_sessions_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """List the sessions of whoever asks, and end one of them or all but this one; in the bound system scope."""
    here = hash_key(str(request.session.session_key))
    sessions = ConsoleSession.objects.live().filter(admin=request.user.pk).order_by("-last_used_at", "session_key")
    if request.method == "POST":
        # This very session ends by logging out.
        elsewhere, chosen = sessions.exclude(pk=here), request.POST.get("end", "")
        ended = (elsewhere if chosen == "others" else elsewhere.filter(pk=chosen)).delete()[0]
        messages.success(
            request, ngettext("%(count)d session ended.", "%(count)d sessions ended.", ended) % {"count": ended}
        )
        return HttpResponseRedirect(request.path)
    return TemplateResponse(
        request,
        "console/own_sessions.html",
        {**context, "title": _("Your sessions"), "sessions": sessions, "here": here},
    )
