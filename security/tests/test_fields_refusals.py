"""Encrypted fields: plaintext stays out of the column, and ciphertext opens nowhere but in its own row."""

import pytest
from django.core.exceptions import FieldError
from django.db import IntegrityError, connection, transaction
from django.db.models import CharField, Value

from security.encryption import DecryptionFailed, EncryptionError
from security.fields import EncryptedTextField, PlaintextRefused, SealedElsewhere
from security.tests.test_fields import HISTORY, columns, leads
from tenants.scope import system_scope, tenant_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def bound(acme, unsaved_lead):
    with tenant_scope(acme.pk):
        yield


@pytest.fixture
def lead(bound, unsaved_lead):
    lead = unsaved_lead(last_message="planted", message_history=HISTORY)
    lead.save()
    return lead


def test_an_update_with_plaintext_is_refused(lead):
    with pytest.raises(PlaintextRefused), transaction.atomic():
        leads().update(last_message="plain")
    with pytest.raises(PlaintextRefused), transaction.atomic():
        leads().update(message_history=["plain"])


def test_an_update_to_null_is_fine(lead):
    leads().filter(pk=lead.pk).update(last_message=None, message_history=None)

    assert columns(lead) == (None, None)


def test_the_database_refuses_plaintext_that_an_expression_brings(lead):
    with pytest.raises(IntegrityError, match="leads_last_message_sealed"), transaction.atomic():
        leads().update(last_message=Value("plain", output_field=CharField()))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("last_message", "plain"),
        ("last_message", " enc:v1:"),
        ("last_message", "line\nenc:v1:"),
        ("message_history", '"plain"'),
        ("message_history", '["enc:v1:"]'),
        ("message_history", '{"content": "plain"}'),
    ],
)
def test_the_database_refuses_plaintext_that_sql_brings(lead, column, value):
    refusal = pytest.raises(IntegrityError, match=f"leads_{column}_sealed")
    with refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE leads SET {column} = %s", [value])


@pytest.mark.parametrize("lookup", ["exact", "icontains", "in", "regex", "gt"])
def test_nothing_but_null_can_be_asked(lead, lookup):
    with pytest.raises(FieldError):
        leads().filter(**{f"last_message__{lookup}": "planted"}).exists()
    with pytest.raises(FieldError):
        leads().filter(message_history__role="user").exists()

    assert leads().filter(last_message__isnull=False).get() == lead


def test_a_ciphertext_moved_between_rows_or_columns_by_sql_does_not_open(lead, unsaved_lead):
    other = unsaved_lead(last_message="other")
    other.save()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE leads SET last_message = %s WHERE id = %s", [columns(lead)[0], other.pk])

    with pytest.raises(DecryptionFailed):
        leads().get(pk=other.pk).last_message  # noqa: B018


def test_a_row_that_was_read_is_copied_and_one_that_was_not_is_refused(lead):
    read, unread = leads().get(pk=lead.pk), leads().get(pk=lead.pk)
    assert (read.last_message, read.message_history) == ("planted", HISTORY)
    read.pk = unread.pk = None

    read.save(force_insert=True)
    with pytest.raises(SealedElsewhere), transaction.atomic():
        unread.save(force_insert=True)

    assert read.pk != lead.pk
    assert leads().get(pk=read.pk).last_message == "planted"


def test_a_row_moved_to_another_sub_account_is_refused(acme, globex, unsaved_lead):
    with tenant_scope(acme.pk):
        lead = unsaved_lead(last_message="planted")
        lead.save()

    with system_scope("test"):
        loaded = leads().get(pk=lead.pk)
        EncryptedTextField.seal(
            loaded._meta.get_field("last_message"), "makes the key", sub_account_id=globex.pk, row_id=1
        )
        loaded.sub_account_id = globex.pk
        with pytest.raises(SealedElsewhere), transaction.atomic():
            loaded.save()


def test_the_system_scope_needs_to_be_told_whose_row_it_is(unsaved_lead, acme):
    with system_scope("test"):
        with pytest.raises(EncryptionError), transaction.atomic():
            unsaved_lead(last_message="planted").save()

        lead = unsaved_lead(last_message="planted", sub_account_id=acme.pk)
        lead.save()

    with tenant_scope(acme.pk):
        assert leads().get(pk=lead.pk).last_message == "planted"
