"""Closing a sub-account: locked out at once, archived and verified, then removed; nothing is lost on the way."""

import io
import json
import signal
import threading
import zipfile
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app

from accounts import refresh_tokens
from accounts.signing_in import InvalidCredentials, sign_in
from accounts.tests.factories import PASSWORD
from crm.models import Lead
from crm.tests.factories import LeadFactory
from loctelli.offboarding import archive, closing
from loctelli.offboarding.archive import ArchiveDamaged
from loctelli.offboarding.contents import KEPT, LEFT_OUT, archived_models, tables_of_sub_accounts
from loctelli.offboarding.jobs import close_sub_account
from loctelli.offboarding.models import ArchivePart, Closing
from loctelli.tests.alongside import launch
from loctelli.tests.console_cast import SECRETS, fill, limited_admin, page, signed_in, text
from security.choices import AccountType
from security.models import AuditEntry, RefreshToken
from tenants.models import FixtureOfThePlatform, SubAccount
from tenants.scope import system_scope


@pytest.fixture
def rows(cast, monkeypatch):
    monkeypatch.setattr(archive, "ROWS_A_PART", 2)
    found = fill(cast)
    with system_scope("test"):
        LeadFactory.create_batch(4, strategy=cast.acme_strategy)
    return found


def begin(cast):
    with system_scope("test"):
        return closing.start_closing(cast.acme, by=cast.ada)


def again(begun):
    with system_scope("test"):
        return Closing.objects.get(pk=begun.pk)


def numbers(sub_account_id):
    """How many rows of which table belong to a sub-account."""
    with system_scope("test"):
        found = {
            model._meta.label: model._base_manager.filter(sub_account_id=sub_account_id).count()
            for model in tables_of_sub_accounts()
        }
        found["tenants.SubAccount"] = SubAccount.objects.filter(pk=sub_account_id).count()
    return {label: number for label, number in found.items() if number and label not in KEPT}


def download(begun):
    """Return the archive's files, each table's rows by its name."""
    with system_scope("test"):
        data = b"".join(archive.stream_zip(again_inside(begun)))
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.testzip() is None
        return {name: found.read(name).decode() for name in found.namelist()}


def again_inside(begun):
    return Closing.objects.get(pk=begun.pk)


def parsed(text):
    return [json.loads(line) for line in text.splitlines()]


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


# The console


@pytest.fixture
def console(ada):
    return signed_in(ada)


def test_the_guide_tells_what_happens_and_asks_for_the_name(rows, cast, console, clock):
    url = reverse("console:offboarding_closing_close", args=[cast.acme.pk])
    offered = console.get(page("tenants.subaccount", "change", cast.acme.pk)).content.decode()
    hinted = console.get(page("tenants.subaccount", "delete", cast.acme.pk)).content.decode()

    asked = text(console.get(url))
    slip = text(console.post(url, {"name": "acme"}))
    started = console.post(url, {"name": "Acme"})
    twice = console.post(url, {"name": "Acme"})
    clock.shift(timedelta(minutes=11))
    globex = console.get(reverse("console:offboarding_closing_close", args=[cast.globex.pk]))

    assert url in offered
    assert url in hinted
    for sentence in ("its 1 active person can't sign in", "5 leads", "1 contact submission", "1 form template"):
        assert sentence in asked
    assert "This is not its name." in slip
    assert started.status_code == twice.status_code == 302
    assert started.url == twice.url
    assert reverse("console:step_up") in globex.url
    with system_scope("test"):
        assert Closing.objects.filter(sub_account_number=cast.acme.pk).count() == 1


def test_its_page_shows_how_far_it_is_and_gives_the_archive_after_a_step_up(rows, cast, console, clock):
    begun = begin(cast)
    shown = page("offboarding.closing", "change", begun.pk)
    url = reverse("console:offboarding_closing_archive", args=[begun.pk])

    first, early = text(console.get(shown)), console.get(url)
    closing.close(begun.pk)
    over = text(console.get(shown))
    answer = console.get(url)
    data = b"".join(answer.streaming_content)
    clock.shift(timedelta(minutes=11))
    late = console.get(url)

    assert "0 of" in first
    assert "Nothing is removed yet." in first
    assert early.status_code == 302
    assert "Download the archive" in over
    assert answer["Content-Disposition"].startswith('attachment; filename="acme-')
    assert "leads.jsonl" in zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert reverse("console:step_up") in late.url
    with system_scope("test"):
        looks = AuditEntry.objects.filter(action="view", model="offboarding.closing")
        assert list(looks.values_list("actor_name", "object_name", "sub_account_id")) == [
            ("Ada", "Closing of Acme", cast.acme.pk)
        ]


def test_a_closing_that_stopped_says_why_and_goes_on_when_told_to(rows, cast, console, monkeypatch):
    begun = begin(cast)
    monkeypatch.setattr(closing, "_export", lambda row: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        close_sub_account.func(begun.pk)
    shown = page("offboarding.closing", "change", begun.pk)
    go_on = reverse("console:offboarding_closing_go_on", args=[begun.pk])

    told = console.get(shown).content.decode()
    with system_scope("test"):
        before = len(list(app.job_manager.list_jobs(task=closing.JOB)))
    answer = console.post(go_on)
    with system_scope("test"):
        after = len(list(app.job_manager.list_jobs(task=closing.JOB)))

    assert "It stopped, and is tried again: ZeroDivisionError" in told
    assert go_on in told
    assert answer.url == shown
    assert after == before + 1


def test_whoever_may_not_delete_sub_accounts_neither_closes_nor_downloads(rows, cast):
    begun = begin(cast)
    closing.close(begun.pk)
    client = signed_in(
        limited_admin("tenants.view_subaccount", "tenants.change_subaccount", "offboarding.view_closing")
    )

    shown = client.get(page("tenants.subaccount", "change", cast.globex.pk)).content.decode()

    assert "offboarding/closing/close" not in shown
    assert client.get(reverse("console:offboarding_closing_close", args=[cast.globex.pk])).status_code == 403
    assert client.get(reverse("console:offboarding_closing_archive", args=[begun.pk])).status_code == 403


def test_whoever_may_not_delete_what_is_in_it_is_told(rows, cast):
    client = signed_in(limited_admin("tenants"))
    url = reverse("console:offboarding_closing_close", args=[cast.acme.pk])

    asked, tried = text(client.get(url)), client.post(url, {"name": "Acme"})

    assert "You may not delete some of it:" in asked
    assert "leads" in asked
    assert tried.status_code == 200
    with system_scope("test"):
        assert SubAccount.objects.get(pk=cast.acme.pk).is_active


def test_nothing_of_a_sub_account_that_is_being_closed_changes(rows, cast, console):
    begin(cast)
    lead = rows.acme.lead
    form = {"name": "Changed", "regular_user": lead.regular_user_id, "strategy": lead.strategy_id, "status": "lead"}

    saved = console.post(page("crm.lead", "change", lead.pk), form)
    revived = console.post(
        page("tenants.subaccount", "changelist"),
        {"action": "activate", "_selected_action": [cast.acme.pk]},
        follow=True,
    )

    assert "is being closed" in text(saved)
    assert "is being closed" in text(revived)
    with system_scope("test"):
        assert Lead.objects.get(pk=lead.pk).name == "Lead of Acme"
        assert not SubAccount.objects.get(pk=cast.acme.pk).is_active


# Races and killed workers


@pytest.mark.django_db(transaction=True)
def test_a_double_click_closes_once(transactional_db, cast):
    url, answers = reverse("console:offboarding_closing_close", args=[cast.acme.pk]), []
    barrier = threading.Barrier(4)
    clients = [signed_in(cast.ada) for _ in range(4)]

    def click(client: Client):
        barrier.wait()
        answers.append(client.post(url, {"name": "Acme"}).status_code)
        connection.close()

    threads = [threading.Thread(target=click, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(answers) <= {302, 409}
    assert 302 in answers
    with system_scope("test"):
        assert Closing.objects.filter(sub_account_number=cast.acme.pk).count() == 1


WORKER = """
import sys, time
from loctelli.offboarding import archive, closing
archive.ROWS_A_PART = 2
while closing.step(sys.argv[1]):
    print("step", flush=True)
print("over", flush=True)
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_again_and_again_loses_nothing(transactional_db, cast):
    fill(cast)
    with system_scope("test"):
        LeadFactory.create_batch(24, strategy=cast.acme_strategy)
    before = numbers(cast.acme.pk)
    begun = begin(cast)

    for steps in (2, 5, 9, 12, 1_000):
        worker = launch(WORKER, begun.pk)
        for _ in range(steps):
            if "step" not in worker.stdout.readline():
                break
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        if again(begun).status == "exporting":
            assert numbers(cast.acme.pk) == before

    assert again(begun).status == "closed"
    assert numbers(cast.acme.pk) == {}
    assert len({row["id"] for row in parsed(download(begun)["leads.jsonl"])}) == 25
