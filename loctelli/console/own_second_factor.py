"""An admin's own pages: setting up the authenticator app, recovery codes, and showing that it is still them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts import second_factors
from accounts.sessions import end_console_sessions
from accounts.signing_in import InvalidCredentials, sign_in
from loctelli.console.forms import CodeForm, PasswordForm, client_of
from loctelli.console.signing_in import SECOND_FACTOR, record_wrong_code
from loctelli.errors import DomainError
from security.choices import AccountType
from tenants import qr
from tenants.console import step_up
from tenants.scope import system_scope


def second_factor_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Let an admin set up an authenticator app, or, having one, replace the recovery codes or do without it."""
    step_up.require(request)
    admin = request.user
    with system_scope("console: one's own second factor"):
        is_set_up = second_factors.has_second_factor(admin)
    if not is_set_up:
        return enrolment(request, context)
    if request.method == "POST" and "replace" in request.POST:
        with system_scope("console: new recovery codes"):
            codes = second_factors.replace_recovery_codes(admin)
        return recovery_codes(request, context, codes)
    if request.method == "POST" and "remove" in request.POST:
        with system_scope("console: doing without a second factor"):
            second_factors.remove_second_factor(admin)
            end_console_sessions(admin.pk, except_key=request.session.session_key)
        update_session_auth_hash(request, admin)
        request.session.pop(SECOND_FACTOR, None)
        messages.success(request, _("Your authenticator app and your recovery codes are forgotten."))
        return HttpResponseRedirect(request.path)
    with system_scope("console: one's own second factor"):
        left = second_factors.recovery_codes_left(admin)
    return TemplateResponse(
        request, "console/second_factor.html", {**context, "title": _("Authenticator app"), "codes_left": left}
    )


def enrolment(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Show the secret as QR code and as text, and take the app's first code."""
    admin = request.user
    form = CodeForm(request.POST or None, recovery=False)
    if form.is_valid():
        try:
            codes = second_factors.confirm_enrolment(admin, form.cleaned_data["code"])
        except DomainError as error:
            form.add_error("code", _(error.detail))
        else:
            update_session_auth_hash(request, admin)
            request.session[SECOND_FACTOR] = True
            with system_scope("console: a new second factor"):
                end_console_sessions(admin.pk, except_key=request.session.session_key)
            return recovery_codes(request, context, codes)
    secret = second_factors.begin_enrolment(admin)
    return TemplateResponse(
        request,
        "console/second_factor_enrolment.html",
        {
            **context,
            "title": _("Set up an authenticator app"),
            "form": form,
            "qr_code": qr.as_svg(second_factors.provisioning_uri(admin, secret)),
            "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        },
    )


def recovery_codes(request: HttpRequest, context: dict[str, Any], codes: list[str]) -> HttpResponse:
    """Show new recovery codes in this very answer: they are kept nowhere."""
    return TemplateResponse(
        request, "console/recovery_codes.html", {**context, "title": _("Your recovery codes"), "codes": codes}
    )


def step_up_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Ask for the code of the app, or without one for the password, and go on to where the admin wanted to go."""
    with system_scope("console: a step up"):
        has_app = second_factors.has_second_factor(request.user)
    form: forms.Form = CodeForm(request.POST or None) if has_app else PasswordForm(request.POST or None)
    if form.is_valid():
        refusal = prove(request, form)
        if refusal is None:
            step_up.note(request)
            return go_on(request, context)
        form.add_error(None, refusal)
    return TemplateResponse(request, "console/step_up.html", {**context, "title": _("Is it still you?"), "form": form})


def prove(request: HttpRequest, form: forms.Form) -> str | None:
    """Return why the code or the password does not show that it is the session's admin; None when it does.

    A password is tried on the way by which one signs in, so that it is guessed here no more often than there.
    """
    try:
        if isinstance(form, CodeForm):
            second_factors.check_code(request.user, form.cleaned_data["code"])
        else:
            password = form.cleaned_data["password"]
            sign_in(AccountType.ADMIN, request.user.email, password=password, client=client_of(request))
    except InvalidCredentials:
        return _("This is not your password.")
    except DomainError as error:
        if isinstance(form, CodeForm):
            record_wrong_code(request, request.user)
        return _(error.detail)
    return None


def go_on(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Lead to the page of ours that was asked for, or say that the form in the other tab may be saved now."""
    wanted = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return HttpResponseRedirect(wanted)
    return TemplateResponse(request, "console/step_up_done.html", {**context, "title": _("Confirmed")})
