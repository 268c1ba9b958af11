"""Known secrets go in through every door, and are then looked for in the whole dump, all logs and every answer."""

import base64
import io
import json
import logging.config
import os
import re
import subprocess
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.conf import settings as configured
from django.db import connection

from loctelli import logs
from loctelli.database.binaries import programs
from loctelli.tests.api_world import operations
from loctelli.tests.cast import client_of
from loctelli.tests.console_cast import LABELS, page, signed_in
from loctelli.tests.planted_secrets import CONSOLE, found, plant
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db(transaction=True)


# What people say to an agent is shown to the people of that sub-account, in its leads and conversations.
CONVERSATION = {"message", "last message", "message history"}


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
        address = connection.address_params(make_sure=False)
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
    settings.LOGIN_THROTTLE = settings.API_THROTTLE = "100000/60"
    return plant(cast, monkeypatch)


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
