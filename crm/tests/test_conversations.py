"""Conversations: encrypted, one chain a lead however many write, and every tampering found."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from crm.conversations import append_message, find_broken_messages
from crm.models import Lead
from crm.tests.factories import LeadFactory
from security.choices import MessageRole
from security.models import ConversationMessage
from tenants.scope import system_scope, tenant_scope

MESSAGES = "/api/v1/conversation-messages/"
WORDS = ["Hello, I am Sunny.", "The roof leaks.", "Tuesday works for me."]


@pytest.fixture
def lead(cast) -> Lead:
    with system_scope("test"):
        return LeadFactory(strategy=cast.acme_strategy)


@pytest.fixture
def messages(cast, lead) -> list[ConversationMessage]:
    roles = [MessageRole.ASSISTANT, MessageRole.USER, MessageRole.USER]
    with tenant_scope(cast.acme.pk):
        return [append_message(lead, role=role, content=content) for role, content in zip(roles, WORDS, strict=True)]


def execute(sql: str, params: list) -> None:
    with system_scope("test"), connection.cursor() as cursor:
        cursor.execute(sql, params)


def broken(lead: Lead) -> list[str]:
    with tenant_scope(lead.sub_account_id):
        return find_broken_messages(Lead.objects.get(pk=lead.pk))


def test_a_conversation_is_read_decrypted_in_order_and_never_written(lead, messages, as_alice):
    answer = as_alice.get(f"{MESSAGES}?lead_id={lead.pk}")
    address = f"{MESSAGES}{messages[0].pk}/"

    assert [(found["role"], found["content"]) for found in answer.json()["results"]] == [
        ("assistant", WORDS[0]),
        ("user", WORDS[1]),
        ("user", WORDS[2]),
    ]
    assert as_alice.get(f"{address}?fields=content").json() == {"content": WORDS[0]}
    for secret in (b"encrypted_content", b"integrity_hash", b"salt"):
        assert secret not in answer.content
    writes = [as_alice.post(MESSAGES, {}), as_alice.patch(address, {}), as_alice.delete(address)]
    assert [answer.status_code for answer in writes] == [405, 405, 405]


def test_messages_are_filtered_by_role_and_time(lead, messages, as_alice):
    since = messages[1].message_timestamp.isoformat().replace("+", "%2B")

    def words(query: str) -> list[str]:
        return [found["content"] for found in as_alice.get(f"{MESSAGES}?{query}").json()["results"]]

    assert words(f"role=assistant&lead_id={lead.pk}") == WORDS[:1]
    assert words(f"message_timestamp__gte={since}") == WORDS[1:]
    assert words("ordering=-message_timestamp&page_size=1") == WORDS[2:]


def test_a_lead_shows_its_last_message_and_the_columns_hold_no_words(lead, messages, as_alice):
    shown = as_alice.get(f"/api/v1/leads/{lead.pk}/").json()

    assert shown["last_message"] == WORDS[2]
    assert shown["last_message_date"] == as_alice.get(f"{MESSAGES}{messages[2].pk}/").json()["message_timestamp"]
    with system_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT last_message FROM leads WHERE id = %s", [lead.pk])
        assert cursor.fetchone()[0].startswith("enc:v1:")
        cursor.execute("SELECT string_agg(m::text, '') FROM conversation_messages m")
        stored = cursor.fetchone()[0]
    assert not [words for words in WORDS if words in stored]


def test_an_untouched_conversation_is_whole(lead, messages):
    assert broken(lead) == []


@pytest.mark.parametrize("column", ["encrypted_content", "salt", "iv", "integrity_hash"])
def test_a_swapped_part_is_found(column, lead, messages):
    first, second, _ = messages
    execute(
        f"UPDATE conversation_messages SET {column} = (SELECT {column} FROM conversation_messages WHERE id = %s) "
        "WHERE id = %s",
        [first.pk, second.pk],
    )

    assert second.pk in broken(lead)


def test_a_changed_role_is_found(lead, messages):
    execute("UPDATE conversation_messages SET role = 'system' WHERE id = %s", [messages[1].pk])

    assert broken(lead) == [messages[1].pk]


def test_a_moved_message_is_found(lead, messages):
    execute(
        "UPDATE conversation_messages SET message_timestamp = message_timestamp - interval '1 day' WHERE id = %s",
        [messages[1].pk],
    )

    assert messages[1].pk in broken(lead)


def test_a_deleted_message_is_found_wherever_it_was(lead, messages):
    execute("DELETE FROM conversation_messages WHERE id = %s", [messages[2].pk])
    assert broken(lead) == [messages[1].pk]

    execute("DELETE FROM conversation_messages WHERE id = %s", [messages[0].pk])
    assert broken(lead) == [messages[1].pk]

    execute("DELETE FROM conversation_messages WHERE lead_id = %s", [lead.pk])
    assert broken(lead) == [""]


def test_a_message_of_another_conversation_is_found(cast, lead, messages):
    with tenant_scope(cast.acme.pk):
        other = LeadFactory(strategy=cast.acme_strategy, sub_account=cast.acme)
    execute("UPDATE conversation_messages SET lead_id = %s WHERE id = %s", [other.pk, messages[0].pk])

    assert messages[1].pk in broken(lead)
    assert broken(other) != []


@pytest.mark.django_db(transaction=True)
def test_two_who_write_at_once_make_one_chain(cast, lead):
    together = Barrier(2)

    def write(role: MessageRole) -> None:
        try:
            for number in range(10):
                together.wait()
                with tenant_scope(cast.acme.pk):
                    append_message(lead, role=role, content=f"{role} {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, [MessageRole.USER, MessageRole.ASSISTANT]))

    with tenant_scope(cast.acme.pk):
        moments = list(ConversationMessage.objects.values_list("message_timestamp", flat=True))
    assert len(set(moments)) == 20
    assert broken(lead) == []
