"""Reassigning in the console, so that a deletion takes nothing along."""

from accounts.tests.factories import UserFactory
from agents.models import Strategy
from agents.tests.factories import StrategyFactory
from crm.models import Lead
from loctelli.tests.console_cast import exists, limited_admin, page, signed_in, text
from tenants.scope import system_scope


def test_a_users_things_are_reassigned_first_and_stay(rows, cast, console):
    with system_scope("test"):
        bob = UserFactory(name="Bob", sub_account=cast.acme)
    url = page("accounts.user", "delete", cast.alice.pk) + "?last_admin=true"

    asked = text(console.get(url))
    refused = text(console.post(url, {"reassign": "1", "successor": cast.mallory.pk}, follow=True))
    kept = exists(cast.alice)
    moved = text(console.post(url, {"reassign": "1", "successor": bob.pk}, follow=True))
    console.post(url, {"post": "yes"})

    assert "Or keep it: reassign it first" in asked
    assert "Bob" in asked
    assert "Select a valid choice" in refused
    assert kept
    assert "3 now belong to Bob." in moved
    assert "Would be deleted along" not in moved
    assert not exists(cast.alice)
    with system_scope("test"):
        assert Lead.objects.get(pk=rows.acme.lead.pk).regular_user == bob
        assert Strategy.objects.get(pk=cast.acme_strategy.pk).regular_user == bob


def test_a_strategys_leads_are_reassigned_first_and_stay(rows, cast, console):
    with system_scope("test"):
        other = StrategyFactory(regular_user=cast.alice, prompt_template=cast.template)
    url = page("agents.strategy", "delete", cast.acme_strategy.pk)

    console.post(url, {"reassign": "1", "successor": other.pk})
    console.post(url, {"post": "yes"})

    assert not exists(cast.acme_strategy)
    with system_scope("test"):
        assert Lead.objects.get(pk=rows.acme.lead.pk).strategy == other


def test_reassigning_takes_the_right_to_change_what_is_reassigned(rows, cast):
    with system_scope("test"):
        bob = UserFactory(name="Bob", sub_account=cast.acme)
    client = signed_in(limited_admin("accounts.user", "crm.view_lead"))
    url = page("accounts.user", "delete", cast.alice.pk) + "?last_admin=true"

    asked, tried = text(client.get(url)), client.post(url, {"reassign": "1", "successor": bob.pk})

    assert "reassign it first" not in asked
    assert tried.status_code == 403
