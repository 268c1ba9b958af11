"""Secrets that go in through every door, and how they are found again however they are spelt."""

import base64
import re
import secrets
import time
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.db import connection
from django.test import Client
from django_otp.oath import TOTP

from accounts.onboarding import mail_invitation
from accounts.password_resets import mail_reset
from accounts.tests.factories import AdminUserFactory
from crm.conversations import append_message
from crm.models import Lead
from integrations.tests.factories import IntegrationTemplateFactory
from loctelli.tests.api_world import furnish
from loctelli.tests.cast import client_of
from loctelli.tests.console_cast import page
from security.choices import MessageRole
from tenants.invitations import hash_code, new_code
from tenants.models import SubAccountInvitation
from tenants.scope import system_scope, tenant_scope

API, CONSOLE = "/api/v1/", "/console/"
SCHEMA = {
    "type": "object",
    "properties": {
        "apiKey": {"type": "string", "secret": True, "minLength": 8},
        "locationId": {"type": "string"},
        "oauth": {"type": "object", "properties": {"clientSecret": {"type": "string", "secret": True}}},
    },
}


def secret(name: str) -> str:
    return f"{name.replace(' ', '')}-Xq7-{secrets.token_hex(8)}"


def spellings(value: str) -> set[str]:
    """Return how a secret may stand somewhere: as it is, in hex, and in base64 at each of its three offsets."""
    raw = value.encode()
    shifted = (base64.b64encode(b"\0" * shift + raw)[(shift * 8 + 5) // 6 :] for shift in range(3))
    return {value, raw.hex(), *(text.decode().rstrip("=")[:-1] for text in shifted)}


def found(planted: dict[str, str], text: str) -> set[str]:
    """Return the names of the secrets that a text holds."""
    return {name for name, value in planted.items() if any(spelling in text for spelling in spellings(value))}


def plant(cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Plant every kind of secret; return them by name, and the answers that were given meanwhile."""
    planted = {
        name: secret(name)
        for name in (
            "first password", "wrong password", "new password", "reset password", "registered password",
            "admin password", "api key", "refused api key", "client secret", "webhook secret", "second api key",
            "invitation password", "message", "message history", "last message",
        )
    }  # fmt: skip
    planted |= {
        "SECRET_KEY": settings.SECRET_KEY,
        "JWT_SIGNING_KEY": settings.JWT_SIGNING_KEY,
        **{f"key {entry.partition(':')[0]}": entry.partition(":")[2] for entry in settings.ENCRYPTION_KEYS},
        "database password": connection.settings_dict["PASSWORD"],
    }
    answers: list[tuple[str, str]] = []
    place = SimpleNamespace(planted=planted, answers=answers, cast=cast)
    furnish(cast)
    alice = client_of(cast.alice)
    alice.raise_request_exception = False
    anybody = Client(raise_request_exception=False)

    def call(client, method: str, path: str, body: dict | None = None):
        answer = getattr(client, method)(
            f"{API}{path}", body, **({} if client is alice else {"content_type": "application/json"})
        )
        answers.append((f"{method} {path}", answer.content.decode()))
        return answer

    # Accounts
    nora = {"name": "Nora", "email": "nora@acme.example", "role": "admin"}
    assert call(alice, "post", "users/invite/", nora).status_code == 202
    assert mail_invitation(**nora, company=None, invited_by=cast.alice.pk, sub_account_id=cast.acme.pk)
    planted["registration token"] = re.search(r"ring:v1:\S+", mail.outbox[-1].body)[0]
    chosen = {"token": planted["registration token"], "password": planted["first password"]}
    made = call(anybody, "post", "auth/register/confirm/", chosen)
    assert made.status_code == 201, made.content
    sign_in = {"email": "nora@acme.example", "password": planted["first password"], "remember": True}
    assert call(anybody, "post", "auth/login/", sign_in | {"password": planted["wrong password"]}).status_code == 401
    first = call(anybody, "post", "auth/login/", sign_in).json()
    second = call(anybody, "post", "auth/refresh/", {"refresh_token": first["refresh_token"]}).json()
    as_nora = Client(headers={"Authorization": f"Bearer {second['access_token']}"}, raise_request_exception=False)
    passwords = {"current_password": planted["first password"], "password": planted["new password"]}
    third = call(as_nora, "post", "me/password/", passwords).json()
    call(anybody, "post", "auth/login/", sign_in | {"device_token": "x" * 60})
    for number, tokens in enumerate((first, second, third), start=1):
        planted |= {f"{name} {number}": tokens[name] for name in ("access_token", "refresh_token") if name in tokens}
    planted["device token"] = first["device_token"]
    assert mail_reset("nora@acme.example")
    (mailed,) = re.findall(r"\b[0-9a-z]+-[0-9a-z]+-[0-9a-f]{32}\b", mail.outbox[-1].body)
    planted["reset token"] = mailed
    assert call(anybody, "post", "auth/password/forgotten/", {"email": "nora@acme.example"}).status_code == 202
    reset = {"token": mailed, "password": planted["reset password"]}
    assert call(anybody, "post", "auth/password/reset/", reset).status_code == 204

    # Invitations
    planted["invitation code"] = new_code()
    with system_scope("test"):
        SubAccountInvitation.objects.create(
            sub_account=cast.acme,
            created_by_admin=cast.ada,
            code=hash_code(planted["invitation code"]),
            password=make_password(planted["invitation password"]),
        )
    invited = {"code": planted["invitation code"], "invitation_password": planted["invitation password"]}
    assert call(anybody, "post", "auth/invitations/validate/", invited).status_code == 200
    person = {"name": "Rob", "email": "rob@acme.example", "password": planted["registered password"]}
    assert call(anybody, "post", "auth/register-and-join/", invited | person).status_code == 202

    # Integrations
    with system_scope("test"):
        service = IntegrationTemplateFactory(config_schema=SCHEMA, created_by_admin=cast.ada)
    config = {"apiKey": planted["api key"], "oauth": {"clientSecret": planted["client secret"]}, "locationId": "l"}
    integration = {"name": "CRM", "integration_template_id": service.pk, "config": config}
    made = call(alice, "post", "integrations/", integration | {"webhook_secret": planted["webhook secret"]})
    assert made.status_code == 201, made.content
    address = f"integrations/{made.json()['id']}/"
    refused = {"config": {"apiKey": planted["refused api key"], "locationId": 5}}
    assert call(alice, "patch", address, refused).status_code == 400
    assert call(alice, "patch", address, {"config": {"apiKey": planted["second api key"]}}).status_code == 200
    with monkeypatch.context() as broken:
        broken.setattr("integrations.models.Integration.save", lambda *args, **kwargs: 1 / 0)
        assert call(alice, "patch", address, {"config": config}).status_code == 500

    # Conversations
    history = [{"role": "user", "content": planted["message history"]}]
    lead = {"name": "Lea", "regular_user_id": cast.alice.pk, "strategy_id": cast.acme_strategy.pk}
    made = call(alice, "post", "leads/", lead | {"message_history": history})
    assert made.status_code == 201, made.content
    with tenant_scope(cast.acme.pk):
        found_lead = Lead.objects.get(pk=made.json()["id"])
        append_message(found_lead, role=MessageRole.USER, content=planted["message"])
        append_message(found_lead, role=MessageRole.ASSISTANT, content=planted["last message"])

    # The console
    with system_scope("test"):
        eve = AdminUserFactory(
            email="eve@loctelli.example", role="super_admin", password=make_password(planted["admin password"])
        )
    console = Client(raise_request_exception=False)
    form = {"username": eve.email, "password": planted["wrong password"]}
    answers.append(("console login", console.post(f"{CONSOLE}login/", form).content.decode()))
    signed = console.post(f"{CONSOLE}login/", form | {"password": planted["admin password"]})
    assert signed.status_code == 302, signed.content
    planted["console session"] = console.cookies[settings.SESSION_COOKIE_NAME].value
    invitation = {"sub_account": cast.acme.pk, "is_active": "on", "new_password": planted["invitation password"]}
    made = console.post(page("tenants.subaccountinvitation", "add"), invitation)
    planted["code of the console"] = made.context["code"]
    planted["authenticator secret"] = console.get(f"{CONSOLE}second-factor/").context["secret"].replace(" ", "")
    app = TOTP(base64.b32decode(planted["authenticator secret"]), digits=6)
    app.time = time.time()
    shown = console.post(f"{CONSOLE}second-factor/", {"code": f"{app.token():06}"})
    planted |= {f"recovery code {number}": code for number, code in enumerate(shown.context["codes"])}
    planted["later console session"] = console.cookies[settings.SESSION_COOKIE_NAME].value
    assert len(planted) > 40
    return place
