"""Conversations: the only writer of messages, and the reader that proves none was changed or taken away."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from crm.models import Lead
from loctelli.database.fields import cuid
from security import incidents, message_cipher
from security.choices import IncidentType, MessageRole, Severity
from security.models import ConversationMessage


@transaction.atomic
def append_message(
    lead: Lead, *, role: MessageRole, content: str, timestamp: datetime | None = None, metadata: dict | None = None
) -> ConversationMessage:
    """Encrypt a message, chain it to the lead's last one, and note it on the lead; return the stored message.

    The lead's row is locked meanwhile, so that two writers make one chain. A conversation only grows at its end: a
    `timestamp` (now, unless given) not after the last message's becomes the microsecond after it.
    """
    locked = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    last = ConversationMessage.objects.filter(lead=locked).order_by("message_timestamp").last()
    timestamp = timestamp or timezone.now()
    if last is not None:
        timestamp = max(timestamp, last.message_timestamp + timedelta(microseconds=1))
    row_id = cuid()
    sealed = message_cipher.seal_message(content, sub_account_id=locked.sub_account_id, row_id=row_id)
    message = ConversationMessage.objects.create(
        id=row_id,
        sub_account_id=locked.sub_account_id,
        lead=locked,
        role=role,
        **sealed._asdict(),
        integrity_hash=message_cipher.chain_hash(
            last.integrity_hash if last is not None else message_cipher.FIRST,
            sub_account_id=locked.sub_account_id,
            lead_id=locked.pk,
            row_id=row_id,
            role=role,
            message_timestamp=timestamp,
            sealed=sealed,
        ),
        message_timestamp=timestamp,
        metadata=metadata,
    )
    locked.last_message = content
    locked.last_message_date = iso(timestamp)
    locked.save(update_fields=["last_message", "last_message_date"])
    return message


def find_broken_messages(lead: Lead) -> list[str]:
    """Return the ids of a lead's messages that were changed or don't follow the one before; [] when all is well.

    A missing last message shows in the lead's own date of it: then the message now last is named, "" for none. What is
    found becomes an incident.
    """
    messages = list(ConversationMessage.objects.filter(lead=lead).order_by("message_timestamp"))
    broken = message_cipher.verify_chain(messages)
    last_date = iso(messages[-1].message_timestamp) if messages else None
    last_id = messages[-1].pk if messages else ""
    if last_date != lead.last_message_date and last_id not in broken:
        broken.append(last_id)
    if broken:
        incidents.report(
            IncidentType.INTEGRITY_VIOLATION,
            severity=Severity.CRITICAL,
            description="Messages of a conversation were changed or taken away in the database.",
            sub_account_id=lead.sub_account_id,
            lead_id=lead.pk,
            metadata={"messages": broken[:20], "broken": len(broken)},
        )
    return broken


def iso(moment: datetime) -> str:
    """Return a moment as the document writes one: ISO 8601 in UTC."""
    return moment.astimezone(timezone.get_default_timezone()).isoformat(timespec="microseconds").replace("+00:00", "Z")
