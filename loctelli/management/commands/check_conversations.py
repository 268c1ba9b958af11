"""Prove that conversations are as they were written."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Exists, OuterRef, Q

from crm.conversations import find_broken_messages
from crm.models import Lead
from security.keys import Unreadable
from security.models import ConversationMessage
from tenants.scope import system_scope

LEADS_A_SCOPE = 200


class Command(BaseCommand):
    help = (
        "Prove from the integrity hashes that no message of any conversation was changed, moved or taken away in the "
        "database. Fails naming each lead whose conversation is not whole; each becomes a security incident."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        checked, broken = 0, []
        for lead, complaint in conversations():
            checked += 1
            if complaint:
                broken.append(f"Lead {lead.pk} of sub-account {lead.sub_account_id}: {complaint}")
        if broken:
            raise CommandError("\n".join(broken))
        self.stdout.write(f"{checked:,} conversation{'' if checked == 1 else 's'}: all are whole.")


def conversations() -> Iterator[tuple[Lead, str]]:
    """Yield every lead that was talked with and what is wrong with its conversation, "" for nothing."""
    last = 0
    while True:
        with system_scope("checking conversations"):
            said = Exists(ConversationMessage.objects.filter(lead=OuterRef("pk")))
            talked = Lead.objects.filter(said | Q(last_message_date__isnull=False), pk__gt=last).order_by("pk")
            found = [(lead, complaint_about(lead)) for lead in talked[:LEADS_A_SCOPE]]
        if not found:
            return
        yield from found
        last = found[-1][0].pk


def complaint_about(lead: Lead) -> str:
    try:
        broken = find_broken_messages(lead)
    except Unreadable as error:
        return str(error)
    return f"changed or taken away at {', '.join(row or 'its end' for row in broken[:5])}." if broken else ""
