"""Encrypted fields: ciphertext in the column, plaintext in the attribute, whichever way a row is written or read."""

import copy
import pickle

import pytest
from django.apps import apps
from django.db import connection

from security.fields import Sealed, assign_row_id
from tenants.scope import system_scope, tenant_scope

pytestmark = pytest.mark.django_db
HISTORY = [{"role": "user", "content": "Grüezi"}]


@pytest.fixture
def bound(acme, unsaved_lead):
    with tenant_scope(acme.pk):
        yield


@pytest.fixture
def lead(bound, unsaved_lead):
    lead = unsaved_lead(last_message="planted", message_history=HISTORY)
    lead.save()
    return lead


def leads():
    return apps.get_model("crm.Lead").objects


def columns(lead) -> tuple:
    """Return what the two columns hold, as PostgreSQL has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_message, message_history::text FROM leads WHERE id = %s", [lead.pk])
        return cursor.fetchone()


def test_the_column_holds_ciphertext_and_the_attribute_plaintext(lead):
    text, document = columns(lead)

    assert text.startswith("enc:v1:")
    assert document.startswith('"enc:v1:')
    assert lead.last_message == "planted"
    loaded = leads().get(pk=lead.pk)
    assert (loaded.last_message, loaded.message_history) == ("planted", HISTORY)


def test_null_stays_null_and_takes_no_number_from_the_sequence(bound, unsaved_lead):
    first, second = unsaved_lead(), unsaved_lead(last_message=None)
    first.save()
    second.save()

    assert columns(second) == (None, None)
    assert (second.last_message, second.message_history) == (None, None)
    assert second.pk == first.pk + 1


@pytest.mark.parametrize("value", ["", "enc:v1:planted", "🙂"])
def test_any_text_is_encrypted_even_what_looks_like_ciphertext(bound, unsaved_lead, value):
    lead = unsaved_lead(last_message=value)
    lead.save()

    assert columns(lead)[0] != value
    assert leads().get(pk=lead.pk).last_message == value


@pytest.mark.parametrize("value", [[], {}, 0, False, "text", {"a": [1, None, "ü"]}])
def test_any_json_is_encrypted(bound, unsaved_lead, value):
    lead = unsaved_lead(message_history=value)
    lead.save()

    assert columns(lead)[1].startswith('"enc:v1:')
    assert leads().get(pk=lead.pk).message_history == value


def test_create_takes_a_number_then_inserts_at_once(lead, django_assert_num_queries):
    fields = {"name": "Leo", "regular_user_id": lead.regular_user_id, "strategy_id": lead.strategy_id}

    # What the trail has of the lead before goes along with this.
    assert leads().exists()

    # And the audit trail's.
    with django_assert_num_queries(3):
        created = leads().create(last_message="x", **fields)

    assert created.pk == lead.pk + 1
    assert leads().get(pk=created.pk).last_message == "x"


def test_values_give_the_stored_form_which_the_field_opens(lead, acme):
    field = leads().model._meta.get_field("last_message")

    (stored,) = leads().filter(pk=lead.pk).values_list("last_message", flat=True)

    assert isinstance(stored, Sealed)
    assert leads().values("last_message").get(pk=lead.pk) == {"last_message": stored}
    assert field.unseal(stored, sub_account_id=acme.pk, row_id=lead.pk) == "planted"
    assert field.unseal(None, sub_account_id=acme.pk, row_id=lead.pk) is None


def test_a_changed_attribute_is_saved_alone_or_with_the_rest(lead):
    lead.last_message = "second"
    lead.save(update_fields=["last_message"])
    assert leads().get(pk=lead.pk).last_message == "second"

    lead.last_message = "third"
    lead.save()
    assert leads().get(pk=lead.pk).last_message == "third"


def test_a_save_of_other_columns_leaves_the_ciphertext(lead):
    before = columns(lead)
    loaded = leads().get(pk=lead.pk)
    loaded.name = "Lena"
    loaded.save(update_fields=["name"])
    loaded.save()

    assert columns(lead) == before


def test_json_changed_in_place_is_saved(lead):
    loaded = leads().get(pk=lead.pk)
    loaded.message_history.append("more")
    loaded.save()

    assert leads().get(pk=lead.pk).message_history == [*HISTORY, "more"]


def test_bulk_create_encrypts(bound, unsaved_lead):
    made = leads().bulk_create([unsaved_lead(last_message="one"), unsaved_lead(), unsaved_lead(last_message="two")])

    assert [leads().get(pk=lead.pk).last_message for lead in made] == ["one", None, "two"]


def test_bulk_update_encrypts(lead, unsaved_lead):
    other = unsaved_lead()
    other.save()
    lead.last_message, lead.message_history, other.last_message = "one", {"n": 1}, "two"

    leads().bulk_update([lead, other], ["last_message", "message_history"])

    loaded = leads().in_bulk([lead.pk, other.pk])
    assert (loaded[lead.pk].last_message, loaded[lead.pk].message_history) == ("one", {"n": 1})
    assert (loaded[other.pk].last_message, loaded[other.pk].message_history) == ("two", None)
    assert columns(other)[0].startswith("enc:v1:")


def test_update_or_create_encrypts(lead):
    leads().update_or_create(pk=lead.pk, defaults={"last_message": "by update_or_create"})

    assert leads().get(pk=lead.pk).last_message == "by update_or_create"
    assert columns(lead)[0].startswith("enc:v1:")


def test_refreshing_reads_the_column_again(lead):
    other = leads().get(pk=lead.pk)
    other.last_message = "by another"
    other.save()

    assert lead.last_message == "planted"
    lead.refresh_from_db()
    assert lead.last_message == "by another"


def test_a_deferred_field_is_loaded_when_it_is_asked_for(lead, django_assert_num_queries):
    deferred = leads().defer("last_message").get(pk=lead.pk)
    assert deferred.get_deferred_fields() == {"sealed_last_message"}
    with django_assert_num_queries(1):
        assert deferred.last_message == "planted"

    only = leads().only("last_message").get(pk=lead.pk)
    with django_assert_num_queries(0):
        assert only.last_message == "planted"


def test_a_deferred_tenant_is_loaded_in_the_system_scope(acme, unsaved_lead):
    with tenant_scope(acme.pk):
        lead = unsaved_lead(last_message="planted")
        lead.save()

    with system_scope("test"):
        assert leads().only("last_message").get(pk=lead.pk).last_message == "planted"


def test_copies_and_pickles_open(lead):
    loaded = leads().get(pk=lead.pk)

    pickled = pickle.dumps(loaded)

    assert b"planted" not in pickled
    assert pickle.loads(pickled).last_message == "planted"
    assert copy.deepcopy(loaded).last_message == "planted"


def test_validation_before_saving_neither_encrypts_nor_refuses(bound, unsaved_lead):
    lead = unsaved_lead(last_message="planted", message_history=HISTORY, sub_account_id=None)

    lead.full_clean(exclude=["sub_account"])

    assert lead.pk is None
    assert lead.last_message == "planted"


def test_validation_of_a_saved_row_keeps_it_readable(lead):
    loaded = leads().get(pk=lead.pk)

    loaded.full_clean()
    loaded.save()

    assert leads().get(pk=lead.pk).last_message == "planted"


def test_a_row_can_have_its_number_before_it_is_saved(bound, unsaved_lead):
    lead = unsaved_lead(name="Numbered")

    number = assign_row_id(lead)
    lead.save()

    assert lead.pk == number == assign_row_id(lead)
    assert leads().get(pk=number).name == "Numbered"


def test_migrations_name_the_field_plainly():
    field = leads_model_field("last_message")

    name, path, args, kwargs = field.deconstruct()

    assert (name, path, args) == ("last_message", "security.fields.EncryptedTextField", [])
    assert kwargs == {"null": True, "blank": True, "editable": False}
    assert (field.column, field.attname) == ("last_message", "sealed_last_message")


def leads_model_field(name: str):
    return apps.get_model("crm.Lead")._meta.get_field(name)
