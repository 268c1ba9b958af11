"""Bare SQL against the database: no row refers to nothing, or to another tenant's."""

import psycopg
import pytest

from loctelli.tests import bare_rows
from loctelli.tests.bare_rows import (
    ACME,
    GLOBEX,
    NOBODY,
    cuid,
    execute,
    insert,
    key_of,
    refused,
    required,
    undone,
    update,
)
from loctelli.tests.expected_schema import TABLES

REFERENCES = [
    pytest.param(table.name, reference, id=f"{table.name}-{reference.field}")
    for table in TABLES.values()
    for reference in table.references
]
BETWEEN_TENANTS = [param for param in REFERENCES if param.values[1].keys[0] == "sub_account_id"]


@pytest.fixture(scope="module", autouse=True)
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), bare_rows.world():
        yield


@pytest.fixture(autouse=True)
def untouched(world):
    with undone():
        yield


@pytest.mark.parametrize(("table", "reference"), REFERENCES)
def test_a_reference_to_nothing_is_refused(table, reference):
    kind = TABLES[table].columns[reference.field].type
    orphan = required(table) | {reference.field: cuid(NOBODY) if kind == "text" else NOBODY}
    if (table, reference.field) == ("form_submissions", "sub_account_id"):
        orphan["form_owner_id"] = 0  # Whoever it belongs to, its form is everyone's.
    (name,) = (row["conname"] for row in execute(CONSTRAINT, table, list(reference.columns)))

    execute("SET CONSTRAINTS ALL DEFERRED")  # So that this one, and none beside it, is what refuses.
    execute(f"SET CONSTRAINTS {name} IMMEDIATE")
    with refused(psycopg.errors.ForeignKeyViolation, table_name=table, constraint_name=name):
        insert(table, **orphan)


CONSTRAINT = """
    SELECT conname FROM pg_constraint k WHERE conrelid = to_regclass(%s) AND contype = 'f' AND %s::text[] = ARRAY(
        SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS key (number, position)
        JOIN pg_attribute a ON (a.attrelid, a.attnum) = (k.conrelid, key.number) ORDER BY key.position)
"""


@pytest.mark.parametrize(("table", "reference"), BETWEEN_TENANTS)
def test_a_row_cannot_be_made_that_refers_to_another_tenants(table, reference):
    with refused(psycopg.errors.ForeignKeyViolation, table_name=table):
        insert(table, **required(table, ACME) | {reference.field: GLOBEX})


@pytest.mark.parametrize(("table", "reference"), BETWEEN_TENANTS)
def test_a_row_cannot_be_changed_to_refer_to_another_tenants(table, reference):
    with refused(psycopg.errors.ForeignKeyViolation, table_name=table):
        update(table, key_of(table, ACME), **{reference.field: GLOBEX})


@pytest.mark.parametrize("table", ["users", "strategies", "leads", "bookings", "conversation_messages"])
def test_a_row_cannot_be_moved_away_from_what_it_belongs_with(table):
    with refused(psycopg.errors.ForeignKeyViolation):
        update(table, key_of(table, ACME), sub_account_id=GLOBEX)


@pytest.mark.parametrize(
    ("owner", "error"),
    [
        (GLOBEX, psycopg.errors.CheckViolation),
        (ACME, psycopg.errors.ForeignKeyViolation),
        (0, psycopg.errors.ForeignKeyViolation),
    ],
)
def test_a_submission_cannot_be_made_for_another_tenants_form(owner, error):
    submission = required("form_submissions") | {"form_template_id": cuid(GLOBEX), "form_owner_id": owner}

    with refused(error, table_name="form_submissions"):
        insert("form_submissions", **submission)


def test_a_submission_may_be_for_everyones_form():
    form = insert("form_templates", **required("form_templates") | {"sub_account_id": None})

    insert("form_submissions", **required("form_submissions") | {"form_template_id": form["id"], "form_owner_id": 0})


def test_a_form_that_has_submissions_cannot_become_another_tenants_or_everyones():
    for tenant in (GLOBEX, None):
        with refused(psycopg.errors.ForeignKeyViolation, table_name="form_submissions"):
            update("form_templates", cuid(ACME), sub_account_id=tenant)
