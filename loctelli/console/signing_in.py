"""Signing in to the console: the password, then the code of those who have an authenticator app."""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, login
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.generic import FormView

from accounts import second_factors
from accounts.devices import DEVICE_LIFETIME
from accounts.models import AdminUser
from loctelli.console.forms import DEVICE_COOKIE, CodeForm, SignInForm, client_of
from loctelli.errors import DomainError
from security.choices import AccountType, FailureReason
from security.models import AuthAttempt
from tenants.scope import system_scope

BACKEND = "accounts.backends.AdminUserBackend"
# In the session: who has given the password and not yet the code, and since when.
PENDING = "awaits_second_factor"
PENDING_SECONDS = 10 * 60
# In the session: that its admin has shown a second factor.
SECOND_FACTOR = "second_factor"


class PasswordView(LoginView):
    """The first step: address and password. Whoever has an authenticator app is asked for its code next."""

    authentication_form = SignInForm
    template_name = "admin/login.html"

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")

    def form_valid(self, form: SignInForm) -> HttpResponse:
        response = self.next_step(form.get_user())
        remember_device(response, form.signed_in.device_token)
        return response

    def next_step(self, admin: AdminUser) -> HttpResponse:
        """Sign the admin in, or ask for the code."""
        # The session's stamp stands on the same reading: an app set up at this very moment ends what is opened here.
        if admin.second_factor_id is None:
            login(self.request, admin, BACKEND)
            return HttpResponseRedirect(self.get_success_url())
        self.request.session.cycle_key()
        self.request.session[PENDING] = {
            "admin_id": admin.pk,
            "stamp": admin.get_session_auth_hash(),
            "at": int(time.time()),
        }
        query = urlencode({REDIRECT_FIELD_NAME: self.get_success_url()})
        return HttpResponseRedirect(f"{reverse('admin:login_code')}?{query}")


class CodeView(LoginView):
    """The second step: the code of the app, or a recovery code."""

    form_class = CodeForm
    template_name = "console/login_code.html"

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found = pending_admin(request)
        if found is None:
            return HttpResponseRedirect(reverse("admin:login"))
        self.admin = found
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return FormView.get_form_kwargs(self)

    def form_valid(self, form: CodeForm) -> HttpResponse:
        try:
            second_factors.check_code(self.admin, form.cleaned_data["code"])
        except DomainError as error:
            record_wrong_code(self.request, self.admin)
            form.add_error("code", _(error.detail))
            return self.form_invalid(form)
        login(self.request, self.admin, BACKEND)
        del self.request.session[PENDING]
        self.request.session[SECOND_FACTOR] = True
        return HttpResponseRedirect(self.get_success_url())


def remember_device(response: HttpResponse, token: str) -> None:
    """Have the browser keep what its device is known by: strangers' guesses lock nobody out of a known device."""
    response.set_cookie(
        DEVICE_COOKIE,
        token,
        max_age=DEVICE_LIFETIME,
        path=reverse("admin:index"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def pending_admin(request: HttpRequest) -> AdminUser | None:
    """Return the admin who gave the password in this session a short time ago, as long as it still is theirs."""
    pending = request.session.get(PENDING)
    if pending is None or time.time() - pending["at"] > PENDING_SECONDS:
        return None
    with system_scope("console sign-in"):
        admin = AdminUser.objects.filter(pk=pending["admin_id"], is_active=True).first()
    if admin is None or not constant_time_compare(pending["stamp"], admin.get_session_auth_hash()):
        return None
    return admin


def record_wrong_code(request: HttpRequest, admin: AdminUser) -> None:
    """Record a wrong second factor as the failed attempt it is."""
    client = client_of(request)
    with system_scope("console: a wrong code"):
        AuthAttempt.objects.create(
            email=admin.email,
            account_type=AccountType.ADMIN,
            success=False,
            failure_reason=FailureReason.INVALID_CREDENTIALS,
            ip_address=client.address,
            user_agent=client.user_agent,
        )
