"""Known secrets go in through every door, and are then looked for in the whole dump, all logs and every answer."""

import base64
import io
import json
import logging.config
import os
import re
import secrets
import subprocess
import time
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.conf import settings as configured
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
from loctelli import logs
from loctelli.database.binaries import programs
from loctelli.tests.api_world import furnish, operations
from loctelli.tests.cast import client_of
from loctelli.tests.console_cast import LABELS, page, signed_in
from security.choices import MessageRole
from tenants.invitations import hash_code, new_code
from tenants.models import SubAccountInvitation
from tenants.scope import system_scope, tenant_scope

pytestmark = pytest.mark.django_db(transaction=True)

API, CONSOLE = "/api/v1/", "/console/"
SCHEMA = {
    "type": "object",
    "properties": {
        "apiKey": {"type": "string", "secret": True, "minLength": 8},
        "locationId": {"type": "string"},
        "oauth": {"type": "object", "properties": {"clientSecret": {"type": "string", "secret": True}}},
    },
}
# What people say to an agent is shown to the people of that sub-account, in its leads and conversations.
CONVERSATION = {"message", "last message", "message history"}


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


def dump() -> str:
    """Return the whole database as pg_dump writes it for a superuser, from whom row security hides nothing."""
    schema, environment = connection.settings_dict["SCHEMA"], dict(os.environ)
    if configured.DATABASE_URL:
        if "TEST_ADMIN_URL" not in os.environ:
            pytest.skip("TEST_ADMIN_URL is not set: only a superuser can dump what row security hides.")
        place = [
            "--dbname",
            re.sub(r"/[^/?]*(\?|$)", f"/{connection.settings_dict['NAME']}\\1", os.environ["TEST_ADMIN_URL"]),
        ]
    else:
        credentials = json.loads((configured.EMBEDDED_POSTGRES_DIR / "credentials.json").read_text())
        address = connection.get_connection_params()
        environment["PGPASSWORD"] = credentials["administrator"]
        place = ["-h", str(address["host"]), "-p", str(address["port"]), "-U", "postgres"]
        place += ["--dbname", connection.settings_dict["NAME"]]
    command = [str(programs() / "pg_dump"), *place, "--schema", schema]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def server_log() -> str:
    """Return what the embedded server has logged; statements that failed stand there in full."""
    log = configured.EMBEDDED_POSTGRES_DIR / "log"
    return log.read_text(errors="replace") if not configured.DATABASE_URL else ""


@pytest.fixture
def logged():
    """What the product logs at LOG_LEVEL=DEBUG, in its own format."""
    written = io.StringIO()
    configuration = logs.configuration(json_lines=True, level="DEBUG")
    configuration["handlers"]["stderr"]["stream"] = written
    logging.config.dictConfig(configuration)
    yield written
    logging.config.dictConfig(configured.LOGGING)


@pytest.fixture
def world(cast, settings, logged, monkeypatch) -> SimpleNamespace:
    """Plant every kind of secret; return them by name, and the answers that were given meanwhile."""
    settings.LOGIN_THROTTLE = settings.API_THROTTLE = "100000/60"
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
    planted["console session"] = console.cookies[configured.SESSION_COOKIE_NAME].value
    invitation = {"sub_account": cast.acme.pk, "is_active": "on", "new_password": planted["invitation password"]}
    made = console.post(page("tenants.subaccountinvitation", "add"), invitation)
    planted["code of the console"] = made.context["code"]
    planted["authenticator secret"] = console.get(f"{CONSOLE}second-factor/").context["secret"].replace(" ", "")
    app = TOTP(base64.b32decode(planted["authenticator secret"]), digits=6)
    app.time = time.time()
    shown = console.post(f"{CONSOLE}second-factor/", {"code": f"{app.token():06}"})
    planted |= {f"recovery code {number}": code for number, code in enumerate(shown.context["codes"])}
    planted["later console session"] = console.cookies[configured.SESSION_COOKIE_NAME].value
    assert len(planted) > 40
    return place


def test_nothing_that_was_planted_stands_in_a_dump_of_the_database(world):
    text = dump()

    assert all(table in text for table in ("nora@acme.example", "enc:v1:", "ring:v1:", "argon2", "throttle_counters"))
    assert found(world.planted, text) == set()
    assert found(world.planted, server_log()) == set()


def test_the_search_finds_what_stands_in_the_clear_however_it_is_spelt(world):
    with system_scope("test"), connection.cursor() as cursor:
        for name in ("api key", "reset password", "message"):
            value = world.planted[name]
            for spelt in (value, value.encode().hex(), base64.b64encode(b"xy" + value.encode()).decode()):
                cursor.execute("UPDATE leads SET notes = %s", [f"see {spelt} there"])
                cursor.execute("SELECT string_agg(notes, ' ') FROM leads")
                assert found(world.planted, cursor.fetchone()[0]) == {name}
        cursor.execute("UPDATE integrations SET config = jsonb_build_object('k', %s::text)", [world.planted["api key"]])

    assert found(world.planted, dump()) == {"api key", "message"}


def test_nothing_that_was_planted_is_logged(world, logged):
    text = logged.getvalue()

    assert len(text.splitlines()) > 15
    assert '"level": "error"' in text
    assert "ZeroDivisionError" in text
    assert found(world.planted, text) == set()
    logging.getLogger("anybody").debug("with %s", world.planted["api key"])
    assert found(world.planted, logged.getvalue()) == {"api key"}


def readings(user) -> dict[str, str]:
    """Return what every address of the API that can be read answers a user, item by item."""
    client = client_of(user)
    client.raise_request_exception = False
    answers = {}
    for method, path, _ in operations():
        if method == "get" and "{" not in path:
            if path.endswith("/export/"):
                answers[path] = client.get(path, {"as": "jsonl"}).getvalue().decode()
                continue
            answers[path] = client.get(path, {"page_size": 200} if path.endswith("s/") else {}).content.decode()
            for row in json.loads(answers[path]).get("results", []):
                if isinstance(row, dict) and "id" in row:
                    answers[f"{path}{row['id']}/"] = client.get(f"{path}{row['id']}/").content.decode()
    return answers


def test_no_answer_of_the_api_gives_away_what_was_planted(world, logged):
    given = ("post auth/login/", "post auth/refresh/", "post me/password/")
    own, foreign = readings(world.cast.alice), readings(world.cast.mallory)

    told = {path: found(world.planted, text) for path, text in world.answers}
    shown = {path: found(world.planted, text) - CONVERSATION for path, text in own.items()}
    of_conversations = {path.split("/")[3] for path, text in own.items() if found(world.planted, text)}

    assert len(own) > 30
    assert {path: names for path, names in shown.items() if names} == {}
    assert {path: found(world.planted, text) for path, text in foreign.items() if found(world.planted, text)} == {}
    assert of_conversations == {"leads", "conversation-messages"}
    for path, names in told.items():
        # Tokens are what these answers are for; the history of a lead comes back to who sent it.
        allowed = {name for name in names if "token" in name} if path in given else set()
        assert names - allowed - CONVERSATION == set(), path
    assert found(world.planted, logged.getvalue()) == set()


def test_no_page_of_the_console_gives_away_what_was_planted(world, logged):
    console = signed_in(world.cast.ada)
    pages = {}
    for label in LABELS:
        with system_scope("test"):
            keys = list(apps.get_model(label)._base_manager.values_list("pk", flat=True))
        urls = [page(label, "changelist"), page(label, "add")]
        urls += [page(label, name, key) for key in keys for name in ("change", "history", "delete")]
        pages |= {url: console.get(url).content.decode() for url in urls}
    pages[CONSOLE] = console.get(CONSOLE).content.decode()

    hits = {url: names for url, text in pages.items() if (names := found(world.planted, text))}

    assert len(pages) > 100
    assert {url: names - CONVERSATION for url, names in hits.items() if names - CONVERSATION} == {}
    assert {url.split("/")[3] for url in hits} <= {"lead"}
    assert found(world.planted, logged.getvalue()) == set()
