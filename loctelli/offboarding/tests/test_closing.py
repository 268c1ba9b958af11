"""Closing a sub-account: locked out at once, archived and verified, then removed; nothing is lost on the way."""

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from accounts import refresh_tokens
from accounts.signing_in import InvalidCredentials, sign_in
from accounts.tests.factories import PASSWORD
from crm.models import Lead
from crm.tests.factories import LeadFactory
from loctelli.offboarding import closing
from loctelli.offboarding.archive import ArchiveDamaged
from loctelli.offboarding.contents import LEFT_OUT, archived_models, tables_of_sub_accounts
from loctelli.offboarding.models import ArchivePart, Closing
from loctelli.offboarding.tests.closings import again, begin, download, numbers, parsed
from loctelli.tests.console_cast import SECRETS
from security.choices import AccountType
from security.models import AuditEntry, RefreshToken
from tenants.models import FixtureOfThePlatform
from tenants.scope import system_scope


def test_everything_is_in_the_archive_and_nothing_in_the_database_afterwards(rows, cast):
    before, others = numbers(cast.acme.pk), numbers(cast.globex.pk)

    begun = begin(cast)
    closing.close(begun.pk)

    files = download(begun)
    for label, number in before.items():
        if label not in LEFT_OUT and label != "tenants.SubAccount":
            assert (label, len(parsed(files[f"{apps.get_model(label)._meta.db_table}.jsonl"]))) == (label, number)
    assert numbers(cast.acme.pk) == {}
    assert numbers(cast.globex.pk) == others
    assert again(begun).status == "closed"
    assert parsed(files["subaccounts.jsonl"])[0]["name"] == "Acme"
    assert json.loads(files["manifest.json"])["rows"]["leads"] == 5


def test_conversations_are_readable_in_it_and_secrets_are_not_there(rows, cast):
    begun = begin(cast)
    closing.close(begun.pk)

    files = download(begun)

    whole = "".join(files.values())
    assert parsed(files["conversation_messages.jsonl"])[0]["content"] == "What does Acme cost?"
    lead = next(row for row in parsed(files["leads.jsonl"]) if row["name"] == "Lead of Acme")
    assert lead["message_history"] == [{"role": "user", "content": "Hello"}]
    assert parsed(files["integrations.jsonl"])[0]["config"] == {"apiKey": {"set": True}, "locationId": "loc_1"}
    assert {name for name, secret in SECRETS.items() if secret in whole} == set()
    with system_scope("test"):
        stored = "".join(ArchivePart.objects.values_list("lines", flat=True))
    assert "What does Acme cost?" not in stored


def test_its_people_are_out_from_the_first_moment_on(rows, cast):
    class Device:
        address, user_agent, device_token = "203.0.113.5", "x", None

    session = refresh_tokens.issue(AccountType.USER, cast.alice, client=Device)

    begin(cast)

    with pytest.raises(InvalidCredentials):
        sign_in(AccountType.USER, cast.alice.email, password=PASSWORD, client=Device)
    with system_scope("test"):
        assert not RefreshToken.objects.live().filter(family=session.family).exists()


def test_nothing_is_removed_before_the_archive_is_whole_and_read_back(rows, cast):
    before = numbers(cast.acme.pk)
    begun = begin(cast)
    while again(begun).status == "exporting":
        assert numbers(cast.acme.pk) == before
        closing.step(begun.pk)

    with system_scope("test"):
        assert not ArchivePart.objects.filter(verified_at=None).exists()
    assert numbers(cast.acme.pk) == before


def test_a_damaged_part_stops_it_before_anything_is_removed(rows, cast):
    before, begun = numbers(cast.acme.pk), begin(cast)
    closing.step(begun.pk)
    closing.step(begun.pk)
    with system_scope("test"):
        first, second = ArchivePart.objects.order_by("number")[:2]
        ArchivePart.objects.filter(pk=first.pk).update(lines=second.lines)

    with pytest.raises(ArchiveDamaged):
        closing.close(begun.pk)

    assert again(begun).status == "exporting"
    assert numbers(cast.acme.pk) == before


def test_it_goes_on_wherever_it_was_interrupted(rows, cast, monkeypatch):
    """Every step is interrupted once, after its work and before it is committed."""
    begun, steps = begin(cast), []
    export, remove = closing._export, closing._remove
    interrupted = False

    def interrupt(work):
        def do(row):
            nonlocal interrupted
            work(row)
            interrupted = not interrupted
            if interrupted:
                raise KeyboardInterrupt

        return do

    monkeypatch.setattr(closing, "_export", interrupt(export))
    monkeypatch.setattr(closing, "_remove", interrupt(remove))
    while not again(begun).is_over:
        before = again(begun)
        try:
            closing.step(begun.pk)
        except KeyboardInterrupt:
            assert again(begun).updated_at == before.updated_at
        steps.append(before.status)

    files = download(begun)
    assert len(parsed(files["leads.jsonl"])) == 5
    assert len({row["id"] for row in parsed(files["leads.jsonl"])}) == 5
    assert numbers(cast.acme.pk) == {}
    assert {"exporting", "removing"} == set(steps)


def test_what_was_written_meanwhile_is_archived_too(rows, cast):
    begun = begin(cast)
    while again(begun).status == "exporting" and again(begun).exported < again(begun).total:
        closing.step(begun.pk)
    with system_scope("test"):
        LeadFactory(strategy=cast.acme_strategy, name="During the export")
    while again(begun).status == "exporting":
        closing.step(begun.pk)
    while leads_of(cast.acme.pk):
        closing.step(begun.pk)
    with system_scope("test"):
        LeadFactory(strategy=cast.acme_strategy, name="During the removal")
    closing.close(begun.pk)

    names = [row["name"] for row in parsed(download(begun)["leads.jsonl"])]
    assert {"During the export", "During the removal"} <= set(names)
    assert len(names) == 7
    assert numbers(cast.acme.pk) == {}


def leads_of(sub_account_id):
    with system_scope("test"):
        return Lead.objects.filter(sub_account_id=sub_account_id).count()


def test_the_audit_trail_tells_of_it_once_with_counts_and_without_contents(rows, cast):
    begun = begin(cast)
    with system_scope("test"):
        last = AuditEntry.objects.count()
    closing.close(begun.pk)

    with system_scope("test"):
        entries = list(AuditEntry.objects.order_by("created_at", "pk")[last:])
    assert [(entry.action, entry.model, entry.object_name, entry.actor_name) for entry in entries] == [
        ("delete", "tenants.subaccount", "Acme", "Ada")
    ]
    assert entries[0].deleted_along["leads"] == 5
    assert entries[0].changes == {}


def test_onboarding_stays_and_nothing_is_closed_twice(rows, cast):
    begun = begin(cast)

    with system_scope("test"), pytest.raises(FixtureOfThePlatform):
        closing.start_closing(cast.onboarding, by=cast.ada)
    with system_scope("test"), pytest.raises(closing.AlreadyClosing):
        closing.start_closing(cast.acme, by=cast.ada)
    assert again(begun).status == "exporting"


def test_every_table_of_a_sub_account_is_archived_or_left_out_for_a_reason():
    labels = {model._meta.label for model in tables_of_sub_accounts()}

    assert LEFT_OUT.keys() <= labels
    assert {model._meta.label for model in archived_models()} == labels - LEFT_OUT.keys()


def test_an_archive_is_deleted_once_it_was_kept_long_enough(rows, cast):
    begun = begin(cast)
    closing.close(begun.pk)

    with system_scope("test"):
        young = closing.prune_archives()
        Closing.objects.filter(pk=begun.pk).update(archive_until=timezone.now() - timedelta(seconds=1))
        old, left = closing.prune_archives(), ArchivePart.objects.filter(closing=begun).count()

    assert (young, old, left) == (0, 1, 0)
