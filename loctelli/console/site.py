"""The site of the console: each view is one system scope, rendering included, and what it refuses it explains."""

from collections.abc import Callable, Iterable, Iterator
from functools import update_wrapper
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.paginator import InvalidPage
from django.db import DataError, transaction
from django.db.models.base import ModelBase
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from loctelli.console import home, own_second_factor, own_sessions, signing_in, switcher, zones
from loctelli.console.autocomplete import Autocomplete
from loctelli.console.groups import GROUPS, SHOWN
from loctelli.console.own_password import OwnPasswordView
from loctelli.errors import DomainError
from security import audit, throttling
from security.choices import ActorType
from tenants.console import labels, step_up
from tenants.console.views import comes_first, opens_own_scopes
from tenants.scope import ensure_scope, system_scope

View = Callable[..., HttpResponseBase]


class ConsoleSite(UnfoldAdminSite):
    """Django's admin site for platform admins.

    A view with `opens_own_scopes` runs outside of any scope, because it hashes; its answer is rendered in one.
    """

    index_title = _("Home")
    index_template = "console/home.html"
    enable_nav_sidebar = True

    def __init__(self, name: str = "console") -> None:
        super().__init__(name)
        for model in apps.get_models():
            labels.label(model)

    def register(
        self, model_or_iterable: ModelBase | Iterable[ModelBase], admin_class: Any = None, **options: Any
    ) -> None:
        """Register the models that the console shows; those that other packages bring along stay away."""
        found = [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else list(model_or_iterable)
        shown = [model for model in found if model._meta.label_lower in SHOWN]
        super().register(shown, admin_class, **options)

    def get_urls(self) -> list[URLPattern]:
        return [
            path("login/code/", self.login_code, name="login_code"),
            path("second-factor/", self.admin_view(self.second_factor), name="second_factor"),
            path("sessions/", self.admin_view(self.own_sessions), name="own_sessions"),
            path("step-up/", self.admin_view(self.step_up), name="step_up"),
            path("switcher/", self.admin_view(switcher.switcher), name="switcher"),
            *super().get_urls(),
        ]

    # Scopes

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        inner = super().admin_view(view if getattr(view, "comes_first", False) else self.after_duties(view), cacheable)
        run = self.run_outside if getattr(view, "opens_own_scopes", False) else self.run_inside

        def scoped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                with timezone.override(zones.zone_of(request)):
                    return run(inner, request, *args, **kwargs)
            except step_up.StepUpRequired:
                query = urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})
                return HttpResponseRedirect(f"{reverse('admin:step_up', current_app=self.name)}?{query}")
            except PermissionDenied as error:
                told = str(error) or _("You may not do this. If your work needs it, ask a super admin.")
                return self.refuse(request, 403, told)
            except DomainError as error:
                return self.refuse(request, 409, _(error.detail))
            except Http404:
                return self.refuse(request, 404, _("There is no such page, or what it showed was deleted."))
            except (SuspiciousOperation, DataError):
                return self.refuse(
                    request, 400, _("This address or form holds something that can't be looked up or stored.")
                )

        return update_wrapper(scoped, inner)

    def after_duties(self, view: View) -> View:
        """Return a view that is reached once its admin has changed a password that must be, and has a second factor."""

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            duty = None
            if request.user.password_change_required_at is not None:
                duty = "admin:password_change"
            elif settings.CONSOLE_REQUIRE_TOTP and not request.session.get(signing_in.SECOND_FACTOR):
                duty = "admin:second_factor"
            return view(request, *args, **kwargs) if duty is None else HttpResponseRedirect(reverse(duty))

        return update_wrapper(guarded, view)

    @staticmethod
    def run_inside(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Run a view in one system scope, which an answer of status 400 or more rolls back."""
        with system_scope("console"):
            name_actor(request)
            response = render(view(request, *args, **kwargs))
            if response.status_code >= 400:
                transaction.set_rollback(True)
        if response.streaming:
            response.streaming_content = scoped_chunks(response.streaming_content)  # type: ignore[attr-defined]
        return response

    @staticmethod
    def run_outside(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        name_actor(request)
        response = view(request, *args, **kwargs)
        with system_scope("console: rendering"):
            return render(response)

    def refuse(
        self, request: HttpRequest, status: int, detail: str, headers: dict[str, str] | None = None
    ) -> HttpResponse:
        """Return a page that says why not."""
        with system_scope("console: a refusal"):
            context = {**self.each_context(request), "title": REFUSALS[status], "detail": detail}
            template = "console/refusal.html" if self.has_permission(request) else "console/refusal_outside.html"
            response = TemplateResponse(request, template, context, status=status, headers=headers)
            return response.render()

    # Signing in and one's own password

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Ask for address and password."""
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index", current_app=self.name))
        view = signing_in.PasswordView.as_view(
            extra_context={"title": _("Log in"), "app_path": request.get_full_path(), **(extra_context or {})},
        )
        return self.throttled(view, request)

    @method_decorator(never_cache)
    def login_code(self, request: HttpRequest) -> HttpResponseBase:
        """Ask whoever gave the password for the code of the authenticator app."""
        return self.throttled(signing_in.CodeView.as_view(), request)

    def throttled(self, view: View, request: HttpRequest) -> HttpResponseBase:
        """Answer a step of signing in, unless too many came from the same address."""
        if request.method == "POST":
            key = f"console:login:{throttling.client_address(request)}"
            try:
                throttling.spend("login", key, throttling.Rate.parse(settings.LOGIN_THROTTLE))
            except throttling.Throttled as throttled:
                return self.refuse(request, 429, _(throttled.detail), dict(throttled.headers))
        request.current_app = self.name  # type: ignore[attr-defined]
        response = view(request)
        if isinstance(response, TemplateResponse):
            with system_scope("console: rendering"):
                response.context_data = {**self.each_context(request), **(response.context_data or {})}
                response.render()
        return response

    @opens_own_scopes
    @comes_first
    def second_factor(self, request: HttpRequest) -> HttpResponse:
        return own_second_factor.second_factor_page(request, self.each_context(request))

    @opens_own_scopes
    @comes_first
    def step_up(self, request: HttpRequest) -> HttpResponse:
        return own_second_factor.step_up_page(request, self.each_context(request))

    def own_sessions(self, request: HttpRequest) -> HttpResponse:
        return own_sessions.own_sessions_page(request, self.each_context(request))

    @opens_own_scopes
    @comes_first
    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().logout(request, extra_context)

    @opens_own_scopes
    @comes_first
    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        request.current_app = self.name  # type: ignore[attr-defined]
        return OwnPasswordView.as_view(extra_context={**self.each_context(request), **(extra_context or {})})(request)

    # Navigation

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {**home.figures(request), **(extra_context or {})})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), **switcher.context_of(request)}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Return the document's groups with the models this admin may see."""
        if app_label is not None:
            return super().get_app_list(request, app_label)
        entries = {
            entry["model"]._meta.label_lower: entry
            for app in self._build_app_dict(request).values()
            for entry in app["models"]
        }
        index = reverse("admin:index", current_app=self.name)
        groups = []
        for group in GROUPS:
            found = [entries[label] | {"icon": icon} for label, icon in group.models.items() if label in entries]
            if found:
                groups.append({"name": group.name, "app_label": group.slug, "app_url": index, "models": found})
        return groups

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        return [
            {
                "title": group["name"],
                "separator": number > 0,
                "items": [
                    {
                        "title": capfirst(entry["name"]),
                        "icon": entry["icon"],
                        "link": entry["admin_url"],
                        "active": request.path.startswith(entry["admin_url"]),
                        "has_permission": True,
                    }
                    for entry in group["models"]
                    if entry["admin_url"]
                ],
            }
            for number, group in enumerate(self.get_app_list(request))
        ]

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        try:
            return super().search(request, extra_context)
        except (InvalidPage, ValueError) as error:
            raise Http404 from error

    def autocomplete_view(self, request: HttpRequest) -> HttpResponseBase:
        return Autocomplete.as_view(admin_site=self)(request)


REFUSALS = {
    400: _("That doesn't work"),
    403: _("Not allowed"),
    404: _("Not found"),
    409: _("That can't be done"),
    429: _("Too many tries"),
}


def name_actor(request: HttpRequest) -> None:
    """Say in the audit trail who makes the changes of a request that may make some."""
    if request.method == "POST" and request.user.is_authenticated:
        audit.act_as(ActorType.ADMIN, request.user)


def render(response: Any) -> Any:
    """Render an answer now, while the scope is open."""
    if hasattr(response, "render") and not response.is_rendered:
        response.render()
    return response


def scoped_chunks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a streamed answer, each chunk made in a system scope of its own."""
    iterator = iter(chunks)
    while True:
        with ensure_scope("console: streaming"):
            chunk = next(iterator, None)
        if chunk is None:
            return
        yield chunk
