"""The database's catalogue against the table of expectations, field by field."""

import re
from dataclasses import dataclass
from itertools import permutations

import pytest
from django.db import connection

from loctelli.tests.expected_schema import BOUND, NOW, TABLES

pytestmark = pytest.mark.django_db

# Tables that aren't the document's, each with its reason.
MACHINERY = {
    "audit_entries": "who changed what, field by field",
    "background_actions": "the console's actions on many rows",
    "background_action_parts": "the rows that are still to be acted on",
    "subaccount_closings": "sub-accounts that are closed",
    "subaccount_archive_parts": "what was in them",
    "data_keys": "each sub-account's wrapped data key",
    "idempotency_keys": "answers to writes that a client may repeat",
    "throttle_counters": "throttles, exact across processes",
    "known_devices": "devices that accounts have signed in from, counted apart by lockouts",
    "django_migrations": "Django's own",
    "django_content_type": "Django's own",
    "console_preferences": "to which sub-account an admin has narrowed the console",
    "daily_counts": "the console's charts: what came about on which day",
    "sub_account_counts": "the console's first page: how much each sub-account holds",
    "console_sessions": "the console's sessions, with whose and where they are",
    "second_factors": "admins' authenticator apps",
    "recovery_codes": "for when an authenticator app is lost",
    "django_session": "Django's own; the console keeps its sessions itself",
    "django_admin_log": "the console's history",
    "auth_group": "Django's own; nobody uses it",
    "auth_permission": "the permissions an admin may hold",
    "auth_group_permissions": "Django's own; nobody uses it",
}
MACHINERY_PREFIXES = ("procrastinate_",)

EVERY_COLUMN = [(table.name, column) for table in TABLES.values() for column in table.columns]
LISTED_INDEXES = [(table.name, index) for table in TABLES.values() for index in table.indexes]
# Not the users an admin made: admins are hardly ever deleted, and an index would burden every write of a user.
FOLLOWED_BY_DELETIONS = [
    pytest.param(table.name, reference, id=f"{table.name}-{reference.field}")
    for table in TABLES.values()
    for reference in table.references
    if reference.on_delete != "RESTRICT" and reference.target != "admin_users"
]
STAMPS = {"now()", "statement_timestamp()", "CURRENT_TIMESTAMP"}
BOUND_DEFAULT = "NULLIFcurrent_setting'app.sub_account_id', true, ''::bigint"


def rows(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def columns_of(table):
    """Map each column's name to (type, nullable, default, identity, generated) as PostgreSQL prints them."""
    found = rows(
        """
        SELECT a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
        """,
        table,
    )
    return {name: rest for name, *rest in found}


def constraints_of(table, kind):
    """Map each constraint's name to (definition, columns); `kind` is p, u, c or f."""
    found = rows(
        """
        SELECT k.conname, pg_get_constraintdef(k.oid),
               ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS key (number, position)
                     JOIN pg_attribute a ON (a.attrelid, a.attnum) = (k.conrelid, key.number) ORDER BY key.position)
        FROM pg_constraint k WHERE k.conrelid = to_regclass(%s) AND k.contype = %s
        """,
        table,
        kind,
    )
    return {name: rest for name, *rest in found}


@dataclass
class Index:
    name: str
    columns: list[str]
    is_unique: bool
    is_primary: bool
    predicate: str | None

    def starts_with(self, columns):
        return self.columns[: len(columns)] == columns


def indexes_of(table):
    """Return every valid index; the columns are expressions where the index's are, without their direction."""
    found = rows(
        """
        SELECT c.relname, ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, true) FROM generate_series(1, i.indnkeyatts) n),
               i.indisunique, i.indisprimary, pg_get_expr(i.indpred, i.indrelid)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = to_regclass(%s) AND i.indisvalid
        """,
        table,
    )
    return [Index(name, [column.removesuffix(" DESC") for column in columns], *rest) for name, columns, *rest in found]


def full_indexes_of(table):
    return [index for index in indexes_of(table) if index.predicate is None]


def test_every_model_of_the_document_has_its_table_and_no_other_table_is_unaccounted_for():
    found = rows(
        """
        SELECT relname FROM pg_class
        WHERE relkind IN ('r', 'p') AND relnamespace = quote_ident(current_schema())::regnamespace
        """
    )
    tables = {name for (name,) in found if not name.startswith(MACHINERY_PREFIXES)}

    assert sorted(TABLES.keys() - tables) == []
    assert sorted(tables - TABLES.keys() - MACHINERY.keys()) == []


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_the_documents_columns_and_the_listed_additions(table):
    assert sorted(columns_of(table)) == sorted(TABLES[table].columns)


@pytest.mark.parametrize(("table", "column"), EVERY_COLUMN)
def test_a_column_is_as_documented(table, column):
    expected = TABLES[table].columns[column]

    kind, null, default, identity, generated = columns_of(table)[column]

    field = f"{table}.{column}"
    assert (field, kind) == (field, expected.type)
    assert (field, "null" if null else "NOT NULL") == (field, "null" if expected.null else "NOT NULL")
    # BY DEFAULT: the seed inserts the document's fixed ids.
    assert (field, identity) == (field, "d" if expected.identity else "")
    assert (field, generated) == (field, "s" if expected.generated else "")
    if not expected.generated:
        assert (field, meaning_of(default, kind)) == (field, meaning_of(expected.default, kind))


def meaning_of(default, kind):
    """Return what a default comes to, however it is spelled."""
    if default is None:
        return "none"
    if default in STAMPS:
        return NOW
    if re.sub(r"::text|[()]", "", default) == BOUND_DEFAULT:
        return BOUND
    return default if default == BOUND else rows(f"SELECT ({default})::{kind}")[0][0]


@pytest.mark.parametrize("table", TABLES)
def test_the_primary_key_is_the_id(table):
    assert [columns for _, columns in constraints_of(table, "p").values()] == [["id"]]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_the_documents_uniques_and_the_walls(table):
    expected = TABLES[table]

    found = [
        ", ".join(index.columns) + (f" WHERE {index.predicate}" if index.predicate else "")
        for index in indexes_of(table)
        if index.is_unique and not index.is_primary
    ]

    assert sorted(found) == sorted([*expected.uniques, *expected.walls])


@pytest.mark.parametrize(("table", "listed"), LISTED_INDEXES)
def test_an_index_starts_with_each_list_of_columns_the_document_indexes(table, listed):
    found = [index.name for index in full_indexes_of(table) if index.starts_with(listed.split(", "))]

    assert found, f"{table}: no index starts with {listed}"


@pytest.mark.parametrize("table", TABLES)
def test_no_index_is_there_twice(table):
    redundant = [
        f"{index.name} is the start of {longer.name}"
        for index, longer in permutations(full_indexes_of(table), 2)
        if longer.starts_with(index.columns) and not index.is_unique
    ]

    assert redundant == []


@pytest.mark.parametrize("table", TABLES)
def test_a_reference_is_a_foreign_key_with_the_documents_on_delete_and_there_is_no_other(table):
    found = {definition for definition, _ in constraints_of(table, "f").values()}

    assert sorted(found) == sorted(reference.definition for reference in TABLES[table].references)


@pytest.mark.parametrize(("table", "reference"), FOLLOWED_BY_DELETIONS)
def test_what_a_deletion_cascades_to_or_clears_is_found_by_an_index(table, reference):
    found = [
        index.name
        for index in full_indexes_of(table)
        if index.starts_with([reference.field]) or index.starts_with(list(reference.columns))
    ]

    assert found, f"{table}: no index starts with {reference.field}"


@pytest.mark.parametrize("table", TABLES)
def test_a_table_checks_its_closed_sets_and_what_is_listed(table):
    expected = TABLES[table]
    sets, others = {}, set()
    for name, (definition, columns) in constraints_of(table, "c").items():
        if name in expected.checks:
            others.add(name)
        else:
            values = re.findall(r"'([^']*)'", definition) or re.findall(r"\b\d+\b", definition)
            sets[", ".join(columns)] = sorted(values)

    assert sets == {column: sorted(values) for column, values in expected.choices.items()}
    assert others == set(expected.checks)


@pytest.mark.parametrize("table", ["subaccounts", "users"])
def test_numbers_given_out_start_after_the_documents_fixed_id(table):
    start = rows("SELECT seqstart FROM pg_sequence WHERE seqrelid = pg_get_serial_sequence(%s, 'id')::regclass", table)

    assert start == [(2,)]
