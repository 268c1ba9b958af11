"""The console in a real Chromium, and Django's queries in a thread beside it, for Playwright's loop has this one."""

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, models

from accounts.tests.factories import PASSWORD
from tenants.scope import system_scope

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Where to put a picture of each page on the way; without it none is taken.
PICTURES = os.environ.get("CONSOLE_PICTURES")

IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM and not os.environ.get("CI"), reason="there is no chromium on this machine"),
]


def give_password(page, admin) -> None:
    """Fill the sign-in form in that a page shows."""
    page.fill("input[name=username]", admin.email)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")


def save(page) -> None:
    """Save a form and stay there."""
    with page.expect_navigation():
        page.click("[name=_continue]")


def picture(page, name: str, *, full_page: bool = False) -> None:
    """Take a picture on the way, if somebody wants to look at it."""
    if PICTURES:
        page.wait_for_load_state("networkidle")
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=full_page)


def beside(work: Callable[..., Any], *args: object) -> Any:
    """Do something with the database in a thread of its own."""

    def run() -> Any:
        try:
            return work(*args)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def ask(question: Callable[[], Any]) -> Any:
    """Ask the database, in the system scope."""

    def answer() -> Any:
        with system_scope("test"):
            return question()

    return beside(answer)


def stored(model: type[models.Model], key: Any, column: str) -> Any:
    """Return what a column of a row holds."""
    return ask(lambda: model._base_manager.values_list(column, flat=True).get(pk=key))
