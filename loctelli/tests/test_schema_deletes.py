"""What a deletion takes along, clears, or is stopped by: PostgreSQL's work, whichever way somebody deletes."""

import pytest
from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from loctelli.tests import bare_rows
from loctelli.tests.bare_rows import ACME, CATALOGUE, GLOBEX, execute, insert, key_of, required, undone
from loctelli.tests.expected_schema import TABLES

# By hand from DESIGN section 2. Deleting acme's row of the first table deletes acme's rows of the second column, and
# sets the third column's columns of acme's other rows to NULL; nothing else changes, and nothing of globex's.
EFFECTS = [
    (
        "users",
        "strategies leads bookings conversation_messages",
        "contact_submissions.assigned_to_id form_submissions.assigned_to_id",
    ),
    ("strategies", "leads conversation_messages", "bookings.lead_id"),
    ("leads", "conversation_messages", "bookings.lead_id"),
    ("bookings", "", ""),
    ("contact_submissions", "", ""),
    ("form_submissions", "", ""),
    ("integrations", "", ""),
    ("subaccount_prompt_templates", "", ""),
    ("subaccount_invitations", "", ""),
    ("conversation_messages", "", ""),
]
# What goes with a sub-account whose captured people and forms have been taken care of.
OF_A_SUB_ACCOUNT = (
    "subaccounts users strategies leads bookings integrations subaccount_prompt_templates subaccount_invitations "
    "conversation_messages"
)
# A row of the second table stops the deletion of the row of the first that it refers to by its third.
RESTRICTIONS = [
    ("admin_users", "subaccounts", "created_by_admin_id"),
    ("admin_users", "form_templates", "created_by_admin_id"),
    ("admin_users", "prompt_templates", "created_by_admin_id"),
    ("admin_users", "integration_templates", "created_by_admin_id"),
    ("admin_users", "integrations", "created_by_admin_id"),
    ("admin_users", "subaccount_invitations", "created_by_admin_id"),
    ("prompt_templates", "strategies", "prompt_template_id"),
    ("integration_templates", "integrations", "integration_template_id"),
    ("form_templates", "form_submissions", "form_template_id"),
    ("subaccounts", "contact_submissions", "sub_account_id"),
    ("subaccounts", "form_submissions", "sub_account_id"),
    ("subaccounts", "form_templates", "sub_account_id"),
]


def by_sql(table, key):
    execute(f"DELETE FROM {table} WHERE id = %s", key)


def by_instance(table, key):
    model_of(table)._base_manager.get(pk=key).delete()


def by_queryset(table, key):
    model_of(table)._base_manager.filter(pk=key).delete()


def by_sql_of_the_tenant(table, key):
    execute(
        "SELECT set_config('role', %s, true), set_config('app.sub_account_id', %s, true)",
        settings.DATABASE_ROLES.tenant,
        str(ACME),
    )
    by_sql(table, key)
    execute("SELECT set_config('role', %s, true)", settings.DATABASE_ROLES.system)


PATHS = [by_sql, by_instance, by_queryset]
any_path = pytest.mark.parametrize("delete", PATHS)
# Invitations are the system's table.
DELETIONS = [
    (table, along, cleared, delete)
    for table, along, cleared in EFFECTS
    for delete in (*PATHS, by_sql_of_the_tenant)
    if (table, delete) != ("subaccount_invitations", by_sql_of_the_tenant)
]


@pytest.fixture(scope="module", autouse=True)
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), bare_rows.world():
        yield


@pytest.fixture(autouse=True)
def untouched(world):
    with undone():
        yield


def model_of(table):
    (model,) = (model for model in apps.get_models() if model._meta.db_table == table)
    return model


def contents():
    """Return every row there is, by table and id."""
    return {(table, row["id"]): row for table in TABLES for row in execute(f"SELECT * FROM {table}")}


def effect(delete, table, key):
    """Delete a row; return which rows are gone and which columns of which rows have become NULL."""
    before = contents()
    delete(table, key)
    after = contents()
    changed = {
        (*row, column): after[row][column]
        for row in after
        for column in after[row]
        if after[row][column] != before[row][column]
    }
    assert set(changed.values()) <= {None}
    return before.keys() - after.keys(), set(changed)


def rows_of(tables, tenant=ACME):
    return {(table, key_of(table, tenant)) for table in tables.split()}


@pytest.mark.parametrize(("table", "along", "cleared", "delete"), DELETIONS)
def test_a_deletion_takes_along_and_clears_what_is_documented_and_nothing_else(table, along, cleared, delete):
    gone, nulls = effect(delete, table, key_of(table, ACME))

    assert gone == rows_of(f"{table} {along}")
    columns = [each.split(".") for each in cleared.split()]
    assert nulls == {(name, key_of(name, ACME), column) for name, column in columns}


@any_path
def test_a_deleted_sub_account_takes_everything_along_and_leaves_the_others_alone(delete):
    for table in ("contact_submissions", "form_submissions", "form_templates"):
        by_sql(table, key_of(table, ACME))

    gone, nulls = effect(delete, "subaccounts", ACME)

    assert gone == rows_of(OF_A_SUB_ACCOUNT)
    assert nulls == set()


@any_path
def test_a_deleted_admin_leaves_the_users_it_made(delete):
    admin = insert("admin_users", **required("admin_users"))["id"]
    user = insert("users", **required("users") | {"created_by_admin_id": admin})["id"]

    gone, nulls = effect(delete, "admin_users", admin)

    assert gone == {("admin_users", admin)}
    assert nulls == {("users", user, "created_by_admin_id")}


@any_path
def test_a_deleted_prompt_template_takes_along_who_has_chosen_it(delete):
    execute("DELETE FROM strategies")

    gone, nulls = effect(delete, "prompt_templates", CATALOGUE)

    chosen = rows_of("subaccount_prompt_templates") | rows_of("subaccount_prompt_templates", GLOBEX)
    assert gone == {("prompt_templates", CATALOGUE)} | chosen
    assert nulls == set()


@any_path
@pytest.mark.parametrize(("table", "referrer", "column"), RESTRICTIONS)
def test_a_deletion_is_refused_while_something_must_not_be_lost(table, referrer, column, delete):
    target = insert(table, **required(table))["id"]
    reference = required(referrer) | {column: target}
    if (referrer, column) == ("form_submissions", "sub_account_id"):
        # Through everyone's form: so nothing but the submission itself is the sub-account's.
        everyones = insert("form_templates", **required("form_templates") | {"sub_account_id": None})
        reference |= {"form_template_id": everyones["id"], "form_owner_id": 0}
    child = insert(referrer, **reference)["id"]
    before = contents()

    with pytest.raises(IntegrityError) as refused, undone():
        delete(table, target)

    # PostgreSQL 18 tells RESTRICT from other violations of foreign keys.
    assert refused.value.__cause__.sqlstate == ("23001" if connection.pg_version >= 180000 else "23503")
    assert refused.value.__cause__.diag.table_name == referrer
    assert contents() == before
    by_sql(referrer, child)
    delete(table, target)
    assert contents().keys() == before.keys() - {(table, target), (referrer, child)}


def test_every_restriction_is_tried():
    expected = {
        (reference.target, table.name, reference.field)
        for table in TABLES.values()
        for reference in table.references
        if reference.on_delete == "RESTRICT"
    }

    assert set(RESTRICTIONS) == expected


@pytest.mark.parametrize("leads", [1, 30])
@pytest.mark.parametrize("table", ["subaccounts", "users", "strategies", "leads"])
def test_django_loads_nothing_to_delete_a_row_however_much_goes_along(table, leads):
    for captured in ("contact_submissions", "form_submissions", "form_templates"):
        by_sql(captured, key_of(captured, ACME))
    for _ in range(leads):
        lead = insert("leads", **required("leads"))["id"]
        insert("bookings", **required("bookings") | {"lead_id": lead})
        insert("conversation_messages", **required("conversation_messages") | {"lead_id": lead})
    row = model_of(table)._base_manager.get(pk=key_of(table, ACME))

    with CaptureQueriesContext(connection) as queries:
        row.delete()

    executed = [query["sql"].split()[0] for query in queries]
    assert executed.count("DELETE") == 1
    # The audit trail has what goes along counted, and says what stays without it.
    assert len(executed) <= 5
