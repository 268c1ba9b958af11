import base64
import json
import os
import threading

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from security.keys import DecryptionFailed, KeyRing, KeyUnknown, bind, data_keys
from security.models import DataKey
from tenants.scope import TenantRequired, system_scope, tenant_scope


def entry(kid: str, key: bytes | None = None) -> str:
    return f"{kid}:{base64.b64encode(key or os.urandom(32)).decode()}"


def test_the_first_key_of_the_ring_wraps_and_all_unwrap():
    old, new = entry("old"), entry("new")
    data_key = os.urandom(32)
    kid, wrapped = KeyRing.parse((old,)).wrap(data_key, sub_account_id=7)

    ring = KeyRing.parse((new, old))

    assert ring.primary == "new"
    assert ring.unwrap(kid, wrapped, sub_account_id=7) == data_key


def test_a_key_in_the_url_safe_alphabet_without_padding_is_read():
    key = bytes([251, 255, 191] * 8) + bytes(range(8))

    ring = KeyRing.parse(("k:" + base64.urlsafe_b64encode(key).decode().rstrip("="),))

    assert ring.keys == {"k": key}


SHORT = base64.b64encode(os.urandom(31)).decode()
SAME = os.urandom(32)


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ((), "ENCRYPTION_KEYS is missing"),
        (("",), "ENCRYPTION_KEYS is malformed at entry 1"),
        (("no-colon",), "ENCRYPTION_KEYS is malformed at entry 1"),
        ((f"k:{SHORT}",), "ENCRYPTION_KEYS is malformed at entry 1"),
        ((entry("k"), "l:not base64!"), "ENCRYPTION_KEYS is malformed at entry 2"),
        ((entry(""),), "ENCRYPTION_KEYS is malformed at entry 1"),
        ((entry("k", bytes(32)),), "ENCRYPTION_KEYS is too weak at entry 1"),
        ((entry("k"), entry("k")), "ENCRYPTION_KEYS repeats an id or a key at entry 2"),
        ((entry("k", SAME), entry("l", SAME)), "ENCRYPTION_KEYS repeats an id or a key at entry 2"),
    ],
)
def test_a_ring_that_is_no_good_is_one_sentence_that_says_what_to_set(entries, complaint):
    with pytest.raises(ImproperlyConfigured) as refused:
        KeyRing.parse(entries)

    message = str(refused.value)
    assert message.startswith(complaint)
    assert "set it to" in message
    assert "\n" not in message
    assert not any(part.partition(":")[2] in message for part in entries if part.partition(":")[2])


def test_a_wrapped_key_opens_for_its_own_sub_account_only():
    ring = KeyRing.parse((entry("k"),))
    kid, wrapped = ring.wrap(os.urandom(32), sub_account_id=7)

    with pytest.raises(DecryptionFailed):
        ring.unwrap(kid, wrapped, sub_account_id=8)
    with pytest.raises(DecryptionFailed):
        ring.unwrap(kid, "AAAA" + wrapped[4:], sub_account_id=7)
    with pytest.raises(DecryptionFailed):
        ring.unwrap(kid, "not base64!", sub_account_id=7)
    with pytest.raises(KeyUnknown):
        ring.unwrap("lost", wrapped, sub_account_id=7)


def test_a_wrapped_key_does_not_open_under_another_id_of_the_same_key():
    key = os.urandom(32)
    _, wrapped = KeyRing.parse((entry("k", key),)).wrap(os.urandom(32), sub_account_id=7)

    with pytest.raises(DecryptionFailed):
        KeyRing.parse((entry("l", key),)).unwrap("l", wrapped, sub_account_id=7)


@pytest.mark.django_db
def test_the_first_use_makes_a_key_and_later_ones_find_it(acme):
    with tenant_scope(acme.pk):
        first = data_keys.get_or_create(acme.pk)
    data_keys.clear()
    with system_scope("test"):
        again = data_keys.get(acme.pk)
        rows = DataKey.objects.filter(sub_account=acme.pk).count()

    assert len(first) == 32
    assert again == first
    assert rows == 1


@pytest.mark.django_db
def test_each_sub_account_has_a_key_of_its_own(acme, globex):
    with system_scope("test"):
        assert data_keys.get_or_create(acme.pk) != data_keys.get_or_create(globex.pk)


@pytest.mark.django_db
def test_reading_makes_no_key(acme):
    with tenant_scope(acme.pk):
        with pytest.raises(KeyUnknown):
            data_keys.get(acme.pk)
        assert not DataKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_remembered_key_is_not_given_to_another_tenant_or_to_nobody(acme, globex):
    with tenant_scope(acme.pk):
        data_keys.get_or_create(acme.pk)
    with tenant_scope(acme.pk):
        data_keys.get(acme.pk)

    with tenant_scope(globex.pk), pytest.raises(KeyUnknown):
        data_keys.get(acme.pk)
    with tenant_scope(globex.pk), pytest.raises(KeyUnknown):
        data_keys.get_or_create(acme.pk)
    with pytest.raises(TenantRequired):
        data_keys.get(acme.pk)


@pytest.mark.django_db(transaction=True)
def test_a_committed_key_is_read_once(acme, django_assert_num_queries):
    with tenant_scope(acme.pk):
        key = data_keys.get_or_create(acme.pk)
    with tenant_scope(acme.pk):
        data_keys.get(acme.pk)
        with django_assert_num_queries(0):
            assert data_keys.get(acme.pk) == key


@pytest.mark.django_db(transaction=True)
def test_a_key_whose_transaction_is_rolled_back_is_forgotten(acme):
    with tenant_scope(acme.pk):
        lost = data_keys.get_or_create(acme.pk)
        assert data_keys.get(acme.pk) == lost
        transaction.set_rollback(True)

    with tenant_scope(acme.pk):
        with pytest.raises(KeyUnknown):
            data_keys.get(acme.pk)
        assert data_keys.get_or_create(acme.pk) != lost


@pytest.mark.django_db(transaction=True)
def test_a_key_whose_savepoint_is_rolled_back_is_forgotten(acme):
    with tenant_scope(acme.pk):
        with transaction.atomic():
            lost = data_keys.get_or_create(acme.pk)
            transaction.set_rollback(True)
        kept = data_keys.get_or_create(acme.pk)
    data_keys.clear()

    with tenant_scope(acme.pk):
        assert data_keys.get(acme.pk) == kept != lost


@pytest.mark.django_db(transaction=True)
def test_a_key_made_in_a_savepoint_that_held_is_still_forgotten_with_its_transaction(acme):
    with tenant_scope(acme.pk):
        with transaction.atomic():
            lost = data_keys.get_or_create(acme.pk)
        assert data_keys.get(acme.pk) == lost
        transaction.set_rollback(True)

    with tenant_scope(acme.pk):
        assert data_keys.get_or_create(acme.pk) != lost


@pytest.mark.django_db(transaction=True)
def test_the_transaction_that_makes_a_key_does_not_read_it_again(acme, django_assert_num_queries):
    with tenant_scope(acme.pk):
        key = data_keys.get_or_create(acme.pk)
        with django_assert_num_queries(0):
            assert data_keys.get_or_create(acme.pk) == data_keys.get(acme.pk) == key


@pytest.mark.django_db(transaction=True)
def test_a_deleted_key_is_gone_within_five_minutes(acme, monkeypatch):
    with tenant_scope(acme.pk):
        data_keys.get_or_create(acme.pk)
    with tenant_scope(acme.pk):
        data_keys.get(acme.pk)
        DataKey.objects.all().delete()

    monkeypatch.setattr("security.keys.time.monotonic", lambda now=threading.TIMEOUT_MAX: now)
    with tenant_scope(acme.pk), pytest.raises(KeyUnknown):
        data_keys.get(acme.pk)


@pytest.mark.django_db(transaction=True)
def test_a_ring_without_the_wrapping_key_says_so(acme, settings):
    with tenant_scope(acme.pk):
        data_keys.get_or_create(acme.pk)
    data_keys.clear()
    settings.ENCRYPTION_KEYS = [entry("another")]

    with tenant_scope(acme.pk), pytest.raises(KeyUnknown):
        data_keys.get(acme.pk)


@pytest.mark.django_db(transaction=True)
def test_of_parallel_first_uses_one_makes_the_key(acme):
    threads_count = 8
    together, found = threading.Barrier(threads_count), []

    def use() -> None:
        try:
            with tenant_scope(acme.pk):
                together.wait(timeout=60)
                found.append(data_keys.get_or_create(acme.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _ in range(threads_count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with tenant_scope(acme.pk):
        assert DataKey.objects.count() == 1
        assert found == [data_keys.get(acme.pk)] * threads_count


def test_nothing_starts_without_a_ring(settings):
    settings.ENCRYPTION_KEYS = []

    with pytest.raises(ImproperlyConfigured, match="ENCRYPTION_KEYS is missing"):
        apps.get_app_config("security").ready()


def test_associated_data_is_a_json_array_whatever_stands_in_it():
    parts = ["leads", 'a "column"', "\\", "schön \N{GRINNING FACE}", 7]

    assert bind(*parts) == json.dumps([*parts[:-1], "7"]).encode()
