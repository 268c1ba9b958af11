"""Which part of the site may load what."""

import re
from pathlib import Path

import pytest
import unfold
from django.conf import settings

from loctelli.csp import policy_for

SOURCES = re.compile(r"""(?:src|href)=["'](?!\{)(https?:)?//(?!www\.w3\.org)""")


@pytest.mark.parametrize(
    ("path", "script_sources"),
    [
        ("/console/", "script-src 'self' 'unsafe-eval'"),
        ("/console/login/", "script-src 'self' 'unsafe-eval'"),
        ("/api/docs/", "script-src 'self' 'unsafe-inline'"),
    ],
)
def test_pages_that_need_more_than_self_say_so(path, script_sources):
    assert script_sources in policy_for(path).split("; ")


@pytest.mark.parametrize("path", ["/", "/api/v1/leads/", "/api/schema/", "/healthz", "/consoles/", "/elsewhere"])
def test_everything_else_is_strict(path):
    policy = policy_for(path)

    assert policy.startswith("default-src 'self'")
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/console/", "/api/docs/", "/"])
def test_no_policy_names_another_origin(path):
    assert not re.search(r"https?:|\*", policy_for(path))


def test_answers_carry_the_policy(client, db):
    assert client.get("/healthz").headers["Content-Security-Policy"] == policy_for("/healthz")
    assert client.get("/console/login/").headers["Content-Security-Policy"] == policy_for("/console/login/")


def test_no_template_of_the_console_points_elsewhere():
    folders = [settings.BASE_DIR / "templates", Path(unfold.__file__).parent / "templates"]

    pointing = [path.name for folder in folders for path in folder.rglob("*.html") if SOURCES.search(path.read_text())]

    assert pointing == []
