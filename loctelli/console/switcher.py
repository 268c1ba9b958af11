"""The switcher in the header: finds a sub-account by its name and narrows the console to it."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from tenants.console.forms import is_key
from tenants.console.narrowing import narrow_to, narrowed_to
from tenants.models import SubAccount

OFFERED = 20


def context_of(request: HttpRequest) -> dict[str, Any]:
    """Return what every page's header needs."""
    return {"narrowed_to": narrowed_to(request), "may_switch": may_switch(request)}


def may_switch(request: HttpRequest) -> bool:
    """Return whether this admin may know which sub-accounts there are."""
    return request.user.is_authenticated and request.user.has_perm("tenants.view_subaccount")


def switcher(request: HttpRequest) -> HttpResponse:
    """Offer sub-accounts (GET), or narrow the console to one, or with an empty choice to none (POST)."""
    if request.method == "GET":
        if not may_switch(request):
            raise PermissionDenied
        return offer(request)
    if request.method != "POST":
        return HttpResponseNotAllowed(["GET", "POST"])
    key = request.POST.get("sub_account", "")
    if key and not may_switch(request):
        raise PermissionDenied
    found = SubAccount.objects.filter(pk=key).first() if key.isdecimal() and is_key(SubAccount._meta.pk, key) else None
    if key and found is None:
        raise Http404
    narrow_to(request, found)
    return HttpResponseRedirect(way_back(request))


def offer(request: HttpRequest) -> HttpResponse:
    """Answer with the sub-accounts whose name holds what was typed, as buttons."""
    typed = request.GET.get("q", "").replace("\0", "").strip()
    found = SubAccount.objects.filter(name__icontains=typed).order_by("-is_active", "name", "pk")
    offered = list(found[: OFFERED + 1])
    context = {
        "typed": typed,
        "offered": offered[:OFFERED],
        "there_are_more": len(offered) > OFFERED,
        "narrowed_to": narrowed_to(request),
    }
    return TemplateResponse(request, "console/switcher_choices.html", context)


def way_back(request: HttpRequest) -> str:
    """Return the page the switch was made on. A list starts anew there: its filters were of other rows."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("admin:index")
