"""Python processes of their own that work on the running test's database, beside it."""

import os
import subprocess
import sys
from urllib.parse import quote, urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from loctelli.database.embedded import PROJECT

PRELUDE = "import django; django.setup()\n"


def environment(**changes: str) -> dict[str, str]:
    """Return an environment whose addresses lead to the test's database, and the settings a test changes."""
    connection.ensure_connection()
    login = connection.settings_dict
    if settings.DATABASE_URL:
        addresses = [_renamed(url, login["NAME"]) for url in (settings.DATABASE_URL, settings.DATABASE_OWNER_URL)]
    else:
        addresses = [_address(login), _address(connection._owner_settings())]
    names = dict(zip(("DATABASE_URL", "DATABASE_OWNER_URL"), addresses, strict=True))
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "loctelli.settings", **names, **changes}


def launch(program: str, *arguments: object, **changes: str) -> subprocess.Popen[str]:
    """Start a program of a few lines, Django set up, with its output in a pipe."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + program, *map(str, arguments)],
        cwd=PROJECT,
        env=environment(**changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], seconds: float = 120) -> str:
    """Return what a process printed, once it has ended well."""
    printed, complaints = process.communicate(timeout=seconds)
    assert process.returncode == 0, complaints
    return printed


def _address(database: dict) -> str:
    who = f"{quote(database['USER'], safe='')}:{quote(database['PASSWORD'], safe='')}"
    return f"postgresql://{who}@{database['HOST']}:{database['PORT']}/{database['NAME']}?schema={database['SCHEMA']}"


def _renamed(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(name, safe='')}"))
