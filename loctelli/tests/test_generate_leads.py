"""`manage.py generate_leads`."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count

from accounts.models import User
from crm.conversations import find_broken_messages
from crm.models import Booking, Lead
from loctelli.management.generating.names import LANGUAGES, spelled
from loctelli.management.generating.sub_accounts import CONVERSATIONS, GenerationRefused, sizes
from loctelli.tests.cast import client_of
from security.models import ConversationMessage
from tenants.models import SubAccount
from tenants.scope import system_scope

# Statistics are gathered outside of any transaction.
pytestmark = pytest.mark.django_db(transaction=True)


def generate(capsys, *arguments: str) -> str:
    call_command("generate_leads", *arguments)
    return capsys.readouterr().out.rpartition("\r")[2]


def test_as_many_leads_as_asked_for_live_in_as_many_sub_accounts(cast, capsys):
    said = generate(capsys, "--leads", "700", "--sub-accounts", "4", "--largest", "400")

    with system_scope("test"):
        counts = SubAccount.objects.filter(settings__has_key="generated").annotate(number=Count("leads"))
        found = list(counts.order_by("pk").values_list("number", flat=True))
    assert found == [400, 100, 100, 100]
    assert said.startswith("Added 700 leads to 4 sub-accounts in ")


def test_a_second_run_adds_what_is_missing_and_changes_nothing_else(cast, capsys):
    generate(capsys, "--leads", "120", "--sub-accounts", "2")
    with system_scope("test"):
        before = set(Lead.objects.values_list("pk", "name", "updated_at"))

    again = generate(capsys, "--leads", "120", "--sub-accounts", "2")
    more = generate(capsys, "--leads", "200", "--sub-accounts", "2")

    assert again.startswith("Added 0 leads")
    assert more.startswith("Added 80 leads")
    with system_scope("test"):
        assert before < set(Lead.objects.values_list("pk", "name", "updated_at"))


def test_generated_leads_look_like_people_s(cast, capsys):
    generate(capsys, "--leads", "500", "--sub-accounts", "1")

    with system_scope("test"):
        leads = list(Lead.objects.all())
        booked = Booking.objects.filter(lead__isnull=False).count()
    addresses = [lead.email for lead in leads if lead.email]
    assert all(re.fullmatch(r"[a-z0-9._]+@[a-z]+\.example", address) for address in addresses)
    assert 400 < len(addresses) < 480
    assert len({lead.name for lead in leads}) > 400
    assert any(not lead.name.isascii() for lead in leads)
    assert len({re.sub(r"\d", "0", lead.phone)[:6] for lead in leads if lead.phone}) > 5
    assert len({lead.status for lead in leads}) == 7
    assert (max(lead.created_at for lead in leads) - min(lead.created_at for lead in leads)).days in range(700, 731)
    assert all(lead.created_at <= lead.updated_at for lead in leads)
    assert booked == 20


def test_generated_conversations_are_whole(cast, capsys):
    generate(capsys, "--leads", "20", "--sub-accounts", "1")

    with system_scope("test"):
        talked = Lead.objects.filter(last_message__isnull=False)
        assert [find_broken_messages(lead) for lead in talked] == [[]] * CONVERSATIONS
        assert ConversationMessage.objects.count() == 3 * CONVERSATIONS
        assert {lead.last_message for lead in talked} == {"Tuesday works for me."}


def test_generated_people_work_through_the_api(cast, capsys):
    generate(capsys, "--leads", "60", "--sub-accounts", "1")
    with system_scope("test"):
        user = User.objects.select_related("sub_account").get(email="user1@1.generated.example")

    api = client_of(user)
    page = api.get("/api/v1/leads/?count=true").json()
    body = {"name": "Zoë", "regular_user_id": user.pk, "strategy_id": page["results"][0]["strategy_id"]}

    assert page["count"] == 60
    # The numbers of ids went on where the generator stopped.
    assert api.post("/api/v1/leads/", body).json()["id"] > page["results"][0]["id"]


def test_production_is_filled_only_when_told_to(cast, settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="--in-production"):
        call_command("generate_leads", "--leads", "10")


def test_without_a_seed_there_is_nothing_to_build_on(transactional_db):
    with pytest.raises(CommandError, match="There is no admin"):
        call_command("generate_leads", "--leads", "10", "--sub-accounts", "1")


@pytest.mark.parametrize(("leads", "sub_accounts", "largest"), [(10, 0, 5), (10, 11, 1), (10, 2, 11), (10, 2, 3)])
def test_numbers_that_do_not_fit_together_are_refused(leads, sub_accounts, largest):
    with pytest.raises(GenerationRefused):
        sizes(leads=leads, sub_accounts=sub_accounts, largest=largest)


def test_every_language_has_eight_names_of_each_kind_with_plain_addresses():
    for kind in ("first", "last"):
        assert {len(getattr(language, kind).split()) for language in LANGUAGES} == {8}
        assert all(re.fullmatch("[a-z]+", address) for address in spelled(kind)[1])
