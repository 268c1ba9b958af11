"""Bare SQL against the database: it refuses nonsense and fills every default by itself."""

import base64

import psycopg
import pytest

from loctelli.tests import bare_rows
from loctelli.tests.bare_rows import ACME, GLOBEX, cuid, execute, insert, refused, required, undone, update
from loctelli.tests.expected_schema import BOUND, NOW, TABLES

SYSTEM_USER = {"id": 1, "email": "user@loctelli.com", "role": "system", "sub_account_id": 1}

COLUMNS = [(table.name, column) for table in TABLES.values() for column in table.columns.values()]
REQUIRED = [(table, column.name) for table, column in COLUMNS if not column.null]
MUST_BE_GIVEN = [(table, column.name) for table, column in COLUMNS if column.must_be_given]
STAMPED_BY_BINDING = [(table, column.name) for table, column in COLUMNS if column.default == BOUND]
CHOICES = [(table.name, column, values) for table in TABLES.values() for column, values in table.choices.items()]
UNIQUES = [(table.name, unique) for table in TABLES.values() for unique in (*table.uniques, "id")]


@pytest.fixture(scope="module", autouse=True)
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), bare_rows.world():
        yield


@pytest.fixture(autouse=True)
def untouched(world):
    with undone():
        yield


# Required


@pytest.mark.parametrize(("table", "column"), REQUIRED)
def test_null_is_refused_where_a_value_is_required(table, column):
    with refused(psycopg.errors.NotNullViolation, table_name=table, column_name=column):
        insert(table, **required(table) | {column: None})


@pytest.mark.parametrize(("table", "column"), MUST_BE_GIVEN)
def test_a_required_column_without_a_default_cannot_be_left_out(table, column):
    values = required(table)
    del values[column]

    with refused(psycopg.errors.NotNullViolation, table_name=table, column_name=column):
        insert(table, **values)


@pytest.mark.parametrize("table", TABLES)
def test_the_required_columns_are_enough(table):
    values = required(table)

    stored = insert(table, **values)

    optional = {name for name, column in TABLES[table].columns.items() if not column.must_be_given}
    assert values.keys() - optional == {name for name in stored if name not in optional}


# Defaults


@pytest.mark.parametrize(
    ("table", "column", "default"), [(t, c.name, c.default) for t, c in COLUMNS if c.default not in (None, NOW, BOUND)]
)
def test_a_default_is_filled(table, column, default):
    stored = insert(table, **required(table))[column]

    kind = TABLES[table].columns[column].type
    assert stored == execute(f"SELECT ({default})::{kind} AS value")[0]["value"]


@pytest.mark.parametrize(("table", "column"), [(t, c.name) for t, c in COLUMNS if c.default == NOW])
def test_a_stamp_is_filled_with_the_time(table, column):
    before = execute("SELECT now()")[0]["now"]

    stored = insert(table, **required(table))[column]

    assert before <= stored <= execute("SELECT clock_timestamp()")[0]["clock_timestamp"]


@pytest.mark.parametrize("table", [t for t, c in COLUMNS if c.identity])
def test_numbers_are_given_out_in_order(table):
    first, second = (insert(table, **required(table))["id"] for _ in range(2))

    assert second > first


@pytest.mark.parametrize(("table", "column"), STAMPED_BY_BINDING)
def test_the_bound_sub_account_is_stamped(table, column):
    values = {name: value for name, value in required(table).items() if name != column}
    execute("SELECT set_config('app.sub_account_id', %s, true)", str(ACME))

    assert insert(table, **values)[column] == ACME


@pytest.mark.parametrize(("table", "column"), [each for each in STAMPED_BY_BINDING if each[0] != "form_templates"])
def test_no_row_belongs_to_nobody_when_nothing_is_bound(table, column):
    values = {name: value for name, value in required(table).items() if name != column}

    with refused(psycopg.errors.NotNullViolation, column_name=column):
        insert(table, **values)


@pytest.mark.parametrize(("tenant", "owner"), [(ACME, ACME), (None, 0)])
def test_a_form_template_knows_its_owner(tenant, owner):
    assert insert("form_templates", **required("form_templates") | {"sub_account_id": tenant})["owner_id"] == owner


# Closed sets


@pytest.mark.parametrize(("table", "column", "values"), CHOICES)
def test_a_value_outside_a_closed_set_is_refused(table, column, values):
    kind = TABLES[table].columns[column].type

    for nonsense in ["", "nonsense", values[0].swapcase()] if kind == "text" else [-1, 2]:
        with refused(psycopg.errors.CheckViolation, table_name=table, constraint_name=f"{table}_{column}"):
            insert(table, **required(table) | {column: nonsense})


@pytest.mark.parametrize(("table", "column", "values"), CHOICES)
def test_every_value_of_a_closed_set_is_taken(table, column, values):
    for value in values:
        if (table, value) == ("users", "system"):
            continue  # The system user is a case of its own.
        assert str(insert(table, **required(table) | {column: value})[column]) == value


@pytest.mark.parametrize(
    ("table", "column"),
    [("leads", "status"), ("bookings", "status"), ("bookings", "booking_type"), ("form_submissions", "status")],
)
def test_open_vocabularies_take_any_text(table, column):
    assert insert(table, **required(table) | {column: "a client's own"})[column] == "a client's own"


# Uniques


@pytest.mark.parametrize(("table", "unique"), UNIQUES)
def test_a_duplicate_is_refused(table, unique):
    columns, _, condition = unique.partition(" WHERE ")
    columns = columns.split(", ")
    # A condition is a flag, or that something has not happened, which holds for a row of required columns alone.
    met = {condition: True} if condition.isidentifier() else {}
    first = insert(table, **required(table) | met)
    second = required(table) | {name: first[name] for name in columns} | met

    with refused(psycopg.errors.UniqueViolation, table_name=table):
        insert(table, **second)


def test_one_chosen_template_at_most_is_active_in_a_sub_account():
    inactive = insert("subaccount_prompt_templates", **required("subaccount_prompt_templates"))
    update("subaccount_prompt_templates", ACME, is_active=True)
    update("subaccount_prompt_templates", GLOBEX, is_active=True)

    with refused(psycopg.errors.UniqueViolation, constraint_name="subaccount_prompt_templates_one_active"):
        update("subaccount_prompt_templates", inactive["id"], is_active=True)


def test_the_same_address_is_locked_once_per_kind_of_account():
    lockout = required("account_lockouts")
    insert("account_lockouts", **lockout)

    insert("account_lockouts", **lockout | {"id": cuid("other"), "account_type": "admin"})


# ONBOARDING and the system user


@pytest.fixture
def onboarding():
    insert("subaccounts", **required("subaccounts") | {"id": 1, "name": "ONBOARDING"})
    insert("users", **required("users") | SYSTEM_USER)


@pytest.mark.parametrize("change", [{"name": "Waiting room"}, {"is_active": False}])
def test_onboarding_cannot_be_renamed_or_deactivated(onboarding, change):
    with refused(psycopg.errors.CheckViolation, constraint_name="subaccounts_onboarding_stays"):
        update("subaccounts", 1, **change)


@pytest.mark.parametrize(
    "change",
    [{"email": "other@loctelli.com"}, {"is_active": False}, {"role": "admin"}, {"sub_account_id": ACME}, {"id": 12}],
)
def test_the_system_user_cannot_be_renamed_moved_or_deactivated(onboarding, change):
    with refused(psycopg.errors.CheckViolation, constraint_name="users_system_stays"):
        update("users", 1, **change)


@pytest.mark.parametrize("change", [{"role": "system"}, {"role": "system", "sub_account_id": 1}, {"id": 1}])
def test_nobody_else_becomes_the_system_user(onboarding, change):
    execute("DELETE FROM users WHERE id = 1")

    with refused(psycopg.errors.CheckViolation, constraint_name="users_system_stays"):
        insert("users", **required("users") | change)


# Ciphertext


@pytest.mark.parametrize(
    ("table", "column", "plaintext", "sealed"),
    [
        ("leads", "last_message", "Hello", "enc:v1:YWJj"),
        ("leads", "message_history", '"Hello"', '"enc:v1:YWJj"'),
        ("leads", "message_history", '[{"role": "user", "content": "enc:v1:YWJj"}]', '"enc:v1:YWJj"'),
        ("leads", "message_history", '{"enc:v1:": 1}', '"enc:v1:YWJj"'),
        ("integrations", "webhook_secret", "hunter2", "enc:v1:YWJj"),
    ],
)
def test_plaintext_is_refused_where_ciphertext_belongs(table, column, plaintext, sealed):
    with refused(psycopg.errors.CheckViolation, constraint_name=f"{table}_{column}_sealed"):
        insert(table, **required(table) | {column: plaintext})

    assert insert(table, **required(table) | {column: sealed})[column] == sealed


# Shapes


SALT, NONCE, HASH = "A" * 22 + "==", "A" * 16, "0" * 64
MISSHAPEN = {
    ("conversation_messages", "encrypted_content"): (
        "",
        "What does it cost?",
        "A" * 20,
        "A" * 25,
        "A" * 24 + "\n",
        "enc:v1:AAAA",
    ),
    ("conversation_messages", "salt"): ("", SALT[1:], SALT + "A", "A" * 24, "-" + SALT[1:], HASH),
    ("conversation_messages", "iv"): ("", NONCE[1:], NONCE + "A", "A" * 14 + "==", "_" + NONCE[1:]),
    ("conversation_messages", "integrity_hash"): ("", HASH[1:], HASH + "0", "G" + HASH[1:], "A" * 64),
    ("refresh_tokens", "token_hash"): ("", "the token itself", HASH[1:], HASH + "0", "A" * 64),
}


@pytest.mark.parametrize(
    ("table", "column", "value"), [(*place, value) for place, values in MISSHAPEN.items() for value in values]
)
def test_what_has_not_the_stored_form_is_refused(table, column, value):
    with refused(psycopg.errors.CheckViolation, table_name=table, constraint_name=f"{table}_{column}"):
        insert(table, **required(table) | {column: value})


@pytest.mark.parametrize("size", [16, 17, 18, 5000])
def test_a_ciphertext_of_any_length_is_taken(size):
    content = base64.b64encode(bytes(size)).decode()

    stored = insert("conversation_messages", **required("conversation_messages") | {"encrypted_content": content})

    assert stored["encrypted_content"] == content


@pytest.mark.parametrize(
    ("column", "value"),
    [("wrapped_key", ""), ("wrapped_key", "A" * 79), ("wrapped_key", "A" * 81), ("wrapped_key", "A" * 78 + "=="),
     ("kid", ""), ("kid", "a b"), ("kid", "a" * 65)],
)  # fmt: skip
def test_a_data_key_is_stored_wrapped_or_not_at_all(column, value):
    values = {"sub_account_id": ACME, "kid": "k1", "wrapped_key": "A" * 80}

    with refused(psycopg.errors.CheckViolation, table_name="data_keys", constraint_name=f"data_keys_{column}"):
        insert("data_keys", **values | {column: value})
    insert("data_keys", **values)
