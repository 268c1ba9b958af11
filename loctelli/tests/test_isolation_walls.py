"""The wall-mutation matrix: walls are taken down one by one and in pairs, and the same requests sent each time.

Manager and row security each alone hold reads and writes; the composite foreign keys alone hold references. With both
of the former down, the requests must catch it: that is what shows that they would.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.models import CheckConstraint

from forms.models import FormSubmission
from loctelli.api import statements
from loctelli.database import creating, writing
from loctelli.tests.isolation_requests import Findings, send_requests
from loctelli.tests.isolation_world import build_world, tenant_references
from tenants.audit import find_breaches
from tenants.managers import ScopedManager
from tenants.walls import declared_row_security

pytestmark = pytest.mark.django_db(transaction=True)

REQUESTS, THREADS, TENANTS, ROWS = 500, 2, 3, 4


@contextmanager
def without_manager() -> Iterator[None]:
    """Wall 1 down: managers show everything, and so does every statement made by them."""
    filtered = ScopedManager.get_queryset, ScopedManager.of
    ScopedManager.get_queryset = lambda manager: super(ScopedManager, manager).get_queryset()
    ScopedManager.of = lambda manager, sub_account_id: super(ScopedManager, manager).get_queryset()
    forget_statements()
    try:
        yield
    finally:
        ScopedManager.get_queryset, ScopedManager.of = filtered
        forget_statements()


def forget_statements() -> None:
    for made_once in (*vars(statements).values(), *vars(writing).values(), *vars(creating).values()):
        if hasattr(made_once, "cache_clear"):
            made_once.cache_clear()


@contextmanager
def without_row_security() -> Iterator[None]:
    """Wall 2 down: no table has row security."""
    tables = [f'"{table}"' for table in declared_row_security()]
    as_owner(*(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY" for table in tables))
    try:
        yield
    finally:
        as_owner(*(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY" for table in tables))


@contextmanager
def without_references() -> Iterator[None]:
    """Wall 3 down: no foreign key stands between tenants' rows, and a submission may name any form's owner."""
    own_form = next(each for each in FormSubmission._meta.constraints if each.name == "form_submissions_own_form")
    assert isinstance(own_form, CheckConstraint)
    constraints = [*tenant_references(), (FormSubmission, own_form)]
    with connection.as_owner(), connection.schema_editor() as editor:
        for model, constraint in constraints:
            editor.remove_constraint(model, constraint)
    try:
        yield
    finally:
        # What was written meanwhile would not pass them.
        call_command("flush", interactive=False, verbosity=0)
        with connection.as_owner(), connection.schema_editor() as editor:
            for model, constraint in constraints:
                editor.add_constraint(model, constraint)


WALLS = {"manager": without_manager, "row security": without_row_security, "references": without_references}


def findings_without(*walls: str) -> Findings:
    """Return what the requests find with these walls down; the walls are up again afterwards."""
    world = build_world(*[ROWS] * TENANTS)
    with ExitStack() as down:
        for wall in walls:
            down.enter_context(WALLS[wall]())
        findings = send_requests(world, requests=REQUESTS, threads=THREADS, seed=7)
    assert find_breaches() == []
    return findings


@pytest.mark.parametrize(
    "walls",
    [
        ["manager"],
        ["row security"],
        ["references"],
        ["manager", "references"],
        ["row security", "references"],
    ],
    ids=" and ".join,
)
def test_with_manager_or_row_security_left_nothing_gets_through(walls):
    findings = findings_without(*walls)

    assert (findings.leaks, findings.foreign_writes, findings.cross_references) == ([], [], [])
    # Without foreign keys deletions leave references behind that lead nowhere.
    assert findings.errors == [] or "references" in walls


def test_with_the_foreign_keys_alone_rows_leak_and_are_overwritten_but_no_reference_crosses():
    findings = findings_without("manager", "row security")

    assert len(findings.leaks) > REQUESTS / 20
    assert findings.foreign_writes != []
    assert findings.cross_references == []


def test_without_any_wall_references_cross_too():
    findings = findings_without("manager", "row security", "references")

    assert len(findings.leaks) > REQUESTS / 20
    assert findings.foreign_writes != []
    assert findings.cross_references != []


def test_the_matrix_knows_every_wall_of_every_model():
    kinds = {type(constraint).__name__ for model in apps.get_models() for constraint in model._meta.constraints}

    assert kinds - {"CheckConstraint", "UniqueConstraint"} == {"RowSecurity", "Reference"}


def as_owner(*statements: str) -> None:
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute("; ".join(statements))
