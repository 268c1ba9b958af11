"""docs/roles.md is what the code says, and what it says holds: every cell is tried."""

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from accounts.choices import UserRole
from accounts.tests.factories import UserFactory
from loctelli.management import roles
from loctelli.management.commands.roles import PATH
from loctelli.management.roles import NOBODY, PREFIX, SUPER_ADMIN, YES
from loctelli.tests.api_world import lift_throttles
from loctelli.tests.cast import client_of
from loctelli.tests.console_cast import LABELS, a_row_of, fill, limited_admin, page, signed_in
from tenants.scope import system_scope

REFUSALS = {(401, "not_authenticated"), (403, "permission_denied"), (403, "onboarding")}
KEYS = (str(10**12), "c" + "0" * 24)


def tables() -> list[list[list[str]]]:
    """Return the document's tables: rows of cells, the first row being the heads."""
    found: list[list[list[str]]] = [[]]
    for line in PATH.read_text().splitlines():
        if not line.startswith("|"):
            found.append([])
        elif not line.startswith("|---"):
            found[-1].append([cell.strip().replace("`", "") for cell in line.strip("|").split("|")])
    return [table for table in found if table]


API_TABLE, CONSOLE_TABLE = tables()
COLUMNS = API_TABLE[0][1:]


def test_the_document_is_what_the_code_says():
    assert PATH.read_text() == roles.document(), "Run .venv/bin/python manage.py roles"


def test_the_columns_are_those_without_a_token_those_who_wait_and_the_roles():
    assert {*COLUMNS} == {"no token", "ONBOARDING", *UserRole.values} - {UserRole.SYSTEM}


def address(path: str) -> str:
    """Return an address of nothing that exists."""
    for key in KEYS:
        found = PREFIX + path.replace("{pk}", key)
        try:
            resolve(found)
        except Resolver404:
            continue
        return found
    raise AssertionError(f"No key fits {path}")


@pytest.mark.django_db
@pytest.mark.parametrize("column", COLUMNS)
def test_each_cell_of_the_api_holds(cast, settings, column):
    lift_throttles(settings)
    with system_scope("test"):
        where = cast.onboarding if column == "ONBOARDING" else cast.acme
        user = UserFactory(sub_account=where, role=column if column in UserRole.values else UserRole.USER)
    wrong = []

    for name, *cells in API_TABLE[1:]:
        method, _, path = name.partition(" ")
        # One of these ends the session it is sent in.
        client = Client() if column == "no token" else client_of(user)
        answer = client.generic(method, address(path), b"{}", "application/json")
        code = answer.json()["code"] if answer.status_code >= 400 else ""
        refused = (answer.status_code, code) in REFUSALS
        if refused == (cells[COLUMNS.index(column)] == YES):
            wrong.append((name, answer.status_code, code))

    assert wrong == []


@pytest.fixture
def pages(cast) -> dict[str, dict[str, tuple[str, str]]]:
    """Map each kind of row and each of its cells to how it is tried: method and address."""
    fill(cast)
    signed_in(cast.ada)  # for a session to look at
    with system_scope("test"):
        keys = {label: a_row_of(label).pk for label in LABELS}
    return {
        label: {
            "view": ("GET", page(label, "changelist")),
            "add": ("GET", page(label, "add")),
            "change": ("POST", page(label, "change", key)),
            "delete": ("GET", page(label, "delete", key)),
        }
        for label, key in keys.items()
    }


@pytest.mark.django_db
def test_each_cell_of_the_console_holds(cast, pages):
    """With just the permissions that stand there it is let in, without any one of them it is not."""
    super_admin, wrong = signed_in(cast.ada), []
    heads, *rows = CONSOLE_TABLE
    actions = heads[1:]

    for label, (name, *cells) in zip(LABELS, rows, strict=True):
        app_label, _, model = label.partition(".")
        for action, cell in zip(actions, cells, strict=True):
            method, url = pages[label][action]
            everything_else = [f"{app_label}.{other}_{model}" for other in actions if other != action]
            if action == "view":
                everything_else.remove(f"{app_label}.change_{model}")  # who may change may see
            if cell in (SUPER_ADMIN, NOBODY):
                may, may_not = [], [signed_in(limited_admin(app_label))]
            else:
                needed = cell.split(", ")
                lacking_one = [{*everything_else, *needed} - {name} for name in needed]
                may = [signed_in(limited_admin(*needed))]
                may_not = [signed_in(limited_admin(*names)) for names in lacking_one]
            (may_not if cell == NOBODY else may).append(super_admin)
            for clients, refused in ((may, False), (may_not, True)):
                for client in clients:
                    status = client.generic(method, url).status_code
                    if (status == 403) != refused:
                        wrong.append((name, action, cell, status))

    assert wrong == []
