"""`updated_at` moves whichever way the ORM writes a row, and `created_at` is the database's own."""

from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.db.models import F, Value
from django.db.models.functions import Concat

from crm.models import Lead
from loctelli.tests import bare_rows
from loctelli.tests.bare_rows import ACME, execute, insert, required, undone, update
from loctelli.tests.expected_schema import TABLES

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

# Every table with updated_at, and a column to write.
WRITTEN = {
    "admin_users": ("name", "Grace"),
    "users": ("name", "Alicia"),
    "subaccounts": ("name", "Acme Solar"),
    "strategies": ("name", "Wind"),
    "leads": ("status", "qualified"),
    "bookings": ("status", "confirmed"),
    "contact_submissions": ("status", "CONTACTED"),
    "form_templates": ("title", "Ask us"),
    "form_submissions": ("status", "reviewed"),
    "integration_templates": ("name", "Webhook"),
    "integrations": ("status", "active"),
    "prompt_templates": ("name", "Support"),
    "subaccount_prompt_templates": ("is_active", False),
    "subaccount_invitations": ("current_uses", 1),
    "conversation_messages": ("validation_score", 0.5),
    "security_incidents": ("resolved", True),
    "account_lockouts": ("failed_attempts", 1),
}


def by_save(row, column, value):
    setattr(row, column, value)
    row.save()


def by_save_of_named_fields(row, column, value):
    setattr(row, column, value)
    row.save(update_fields=[column])


def by_save_of_what_was_read(row, column, value):
    partly_read = type(row)._default_manager.only(column).get(pk=row.pk)
    setattr(partly_read, column, value)
    partly_read.save()


def by_update(row, column, value):
    type(row)._default_manager.filter(pk=row.pk).update(**{column: value})


def by_bulk_update(row, column, value):
    setattr(row, column, value)
    type(row)._default_manager.bulk_update([row], [column])


def by_update_or_create(row, column, value):
    type(row)._default_manager.update_or_create(pk=row.pk, defaults={column: value})


WAYS = [by_save, by_save_of_named_fields, by_save_of_what_was_read, by_update, by_bulk_update, by_update_or_create]


@pytest.fixture(scope="module", autouse=True)
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), bare_rows.world():
        yield


@pytest.fixture(autouse=True)
def untouched(world):
    with undone():
        yield


def stored(row):
    return execute(f"SELECT * FROM {row._meta.db_table} WHERE id = %s", row.pk)[0]


def now():
    return execute("SELECT clock_timestamp() AS now")[0]["now"]


def test_every_table_with_the_stamp_is_tried():
    assert WRITTEN.keys() == {table.name for table in TABLES.values() if "updated_at" in table.columns}


@pytest.mark.parametrize("write", WAYS)
@pytest.mark.parametrize("table", WRITTEN)
def test_every_write_stamps_the_row(table, write):
    (model,) = (model for model in apps.get_models() if model._meta.db_table == table)
    key = insert(table, **required(table))["id"]
    update(table, key, updated_at=LONG_AGO)
    row = model._default_manager.get(pk=key)
    column, value = WRITTEN[table]
    before = now()

    write(row, column, value)

    assert stored(row)[column] == value
    assert before <= stored(row)["updated_at"] <= now()


def test_a_write_that_computes_its_value_in_sql_stamps_the_row_too():
    update("leads", ACME, updated_at=LONG_AGO)

    Lead.objects.filter(pk=ACME).update(name=Concat(F("name"), Value(" Jr.")))

    assert execute("SELECT name, updated_at > %s AS stamped FROM leads WHERE id = %s", LONG_AGO, ACME) == [
        {"name": "John Doe Jr.", "stamped": True}
    ]


def test_an_import_may_give_the_stamp_itself():
    Lead.objects.filter(pk=ACME).update(updated_at=LONG_AGO)

    assert execute("SELECT updated_at FROM leads WHERE id = %s", ACME) == [{"updated_at": LONG_AGO}]


def test_the_database_says_when_a_row_was_made():
    before = execute("SELECT now()")[0]["now"]

    lead = Lead.objects.create(sub_account_id=ACME, regular_user_id=ACME, strategy_id=ACME, name="Jane Roe")

    assert before <= lead.created_at <= now()
    assert stored(lead)["created_at"] == lead.created_at


def test_rows_made_in_bulk_are_stamped_alike():
    before = execute("SELECT now()")[0]["now"]

    leads = Lead.objects.bulk_create(
        Lead(sub_account_id=ACME, regular_user_id=ACME, strategy_id=ACME, name=name) for name in ("Jane", "Joan")
    )

    assert all(before <= stored(lead)[stamp] <= now() for lead in leads for stamp in ("created_at", "updated_at"))


@pytest.mark.parametrize("write", WAYS)
def test_no_write_moves_the_time_a_row_was_made(write):
    update("leads", ACME, created_at=LONG_AGO)

    write(Lead.objects.get(pk=ACME), "status", "qualified")

    assert execute("SELECT created_at FROM leads WHERE id = %s", ACME) == [{"created_at": LONG_AGO}]


def test_a_save_of_no_fields_writes_nothing():
    update("leads", ACME, updated_at=LONG_AGO)

    Lead.objects.get(pk=ACME).save(update_fields=[])

    assert execute("SELECT updated_at FROM leads WHERE id = %s", ACME) == [{"updated_at": LONG_AGO}]
