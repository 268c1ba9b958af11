"""`manage.py check_conversations` names each conversation that somebody changed past Loctelli."""

import pytest
from django.core.management import CommandError, call_command

from crm.conversations import append_message
from crm.models import Lead
from crm.tests.factories import LeadFactory
from loctelli.management.commands import check_conversations
from security.models import ConversationMessage, SecurityIncident
from tenants.scope import system_scope


@pytest.fixture
def talked(cast, monkeypatch) -> list[Lead]:
    """Two leads of acme's and one of globex's with two messages each, and one nobody talked with."""
    monkeypatch.setattr(check_conversations, "LEADS_A_SCOPE", 2)
    with system_scope("test"):
        LeadFactory(strategy=cast.acme_strategy)
        leads = [LeadFactory(strategy=of) for of in (cast.acme_strategy, cast.acme_strategy, cast.globex_strategy)]
        for lead in leads:
            for text in ("One", "Two"):
                append_message(lead, role="user", content=text)
        return leads


def test_whole_conversations_are_counted(talked, capsys):
    call_command("check_conversations")

    assert capsys.readouterr().out == "3 conversations: all are whole.\n"


def test_what_was_changed_or_taken_away_is_named_and_becomes_an_incident(talked):
    with system_scope("test"):
        first, _ = ConversationMessage.objects.filter(lead=talked[1]).order_by("message_timestamp")
        ConversationMessage.objects.filter(pk=first.pk).update(role="assistant")
        ConversationMessage.objects.filter(lead=talked[2]).delete()

    with pytest.raises(CommandError) as refused:
        call_command("check_conversations")

    assert str(refused.value).splitlines() == [
        f"Lead {talked[1].pk} of sub-account {talked[1].sub_account_id}: changed or taken away at {first.pk}.",
        f"Lead {talked[2].pk} of sub-account {talked[2].sub_account_id}: changed or taken away at its end.",
    ]
    with system_scope("test"):
        incidents = SecurityIncident.objects.order_by("lead_id")
        assert [incident.lead_id for incident in incidents] == [talked[1].pk, talked[2].pk]
