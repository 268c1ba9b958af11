from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from security.encryption import DecryptionFailed, KeyUnknown
from security.keys import data_keys
from security.message_cipher import FIRST, chain_hash, seal_message, unseal_message, verify_chain
from security.models import DataKey
from tenants.scope import system_scope, tenant_scope

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Message:
    pk: str
    sub_account_id: int
    lead_id: int
    role: str
    message_timestamp: datetime
    encrypted_content: str
    salt: str
    iv: str
    integrity_hash: str


def conversation(sub_account, length: int = 4) -> list[Message]:
    messages, previous = [], FIRST
    for number in range(length):
        sealed = seal_message(f"message {number}", sub_account_id=sub_account.pk, row_id=f"c{number}")
        identity = {"sub_account_id": sub_account.pk, "lead_id": 9, "role": "user"}
        moment = NOON + timedelta(minutes=number)
        previous = chain_hash(previous, row_id=f"c{number}", message_timestamp=moment, sealed=sealed, **identity)
        messages.append(
            Message(pk=f"c{number}", message_timestamp=moment, integrity_hash=previous, **identity, **sealed._asdict())
        )
    return messages


def test_a_message_is_sealed_and_unsealed(acme):
    with tenant_scope(acme.pk):
        sealed = seal_message("Guten Tag 🙂", sub_account_id=acme.pk, row_id="c1")

        assert "Guten" not in "".join(sealed)
        assert unseal_message(*sealed, sub_account_id=acme.pk, row_id="c1") == "Guten Tag 🙂"


def test_a_message_opens_with_its_own_parts_and_row_only(acme):
    with tenant_scope(acme.pk):
        one = seal_message("one", sub_account_id=acme.pk, row_id="c1")
        two = seal_message("two", sub_account_id=acme.pk, row_id="c2")
        wrong = [
            (one, "c2"),
            (one._replace(salt=two.salt), "c1"),
            (one._replace(iv=two.iv), "c1"),
            (one._replace(encrypted_content=two.encrypted_content), "c1"),
            (one._replace(salt="?"), "c1"),
            (one._replace(iv=""), "c1"),
        ]

        for sealed, row_id in wrong:
            with pytest.raises(DecryptionFailed):
                unseal_message(*sealed, sub_account_id=acme.pk, row_id=row_id)


def test_a_whole_chain_verifies(acme):
    with tenant_scope(acme.pk):
        messages = conversation(acme)

        assert verify_chain(messages) == []
        assert verify_chain([]) == []


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_deleted_message_is_noticed_at_the_next_one(acme, missing):
    with tenant_scope(acme.pk):
        messages = conversation(acme)
        del messages[missing]

        assert verify_chain(messages) == [f"c{missing + 1}"]


def test_verifying_without_the_key_proves_nothing_and_makes_none(acme):
    with tenant_scope(acme.pk):
        messages = conversation(acme)
    with system_scope("test"):
        DataKey.objects.all().delete()
    data_keys.clear()

    with tenant_scope(acme.pk), pytest.raises(KeyUnknown):
        verify_chain(messages)

    with system_scope("test"):
        assert not DataKey.objects.exists()


def test_swapped_messages_are_noticed(acme):
    with tenant_scope(acme.pk):
        messages = conversation(acme)
        messages[1], messages[2] = messages[2], messages[1]

        assert verify_chain(messages) == ["c2", "c1", "c3"]


@pytest.mark.parametrize(
    "change",
    [
        {"role": "assistant"},
        {"message_timestamp": NOON},
        {"lead_id": 10},
        {"pk": "c9"},
        {"salt": "AAAA"},
        {"iv": "AAAA"},
        {"encrypted_content": "AAAA"},
    ],
)
def test_a_changed_message_is_noticed(acme, change):
    with tenant_scope(acme.pk):
        messages = conversation(acme)
        messages[1] = replace(messages[1], **change)

        assert verify_chain(messages) == [messages[1].pk]


def test_the_same_moment_in_another_zone_hashes_alike(acme):
    with tenant_scope(acme.pk):
        sealed = seal_message("one", sub_account_id=acme.pk, row_id="c1")
        rest = {"sub_account_id": acme.pk, "lead_id": 9, "row_id": "c1", "role": "user", "sealed": sealed}
        in_utc = chain_hash(FIRST, message_timestamp=NOON, **rest)
        in_berlin = chain_hash(FIRST, message_timestamp=NOON.astimezone(timezone(timedelta(hours=1))), **rest)

    assert in_utc == in_berlin
