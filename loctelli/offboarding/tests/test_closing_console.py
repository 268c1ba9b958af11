"""Closing a sub-account in the console: it tells beforehand, shows how far it is, and gives the archive."""

import io
import zipfile
from datetime import timedelta

import pytest
from django.urls import reverse
from procrastinate.contrib.django import app

from crm.models import Lead
from loctelli.offboarding import closing
from loctelli.offboarding.jobs import close_sub_account
from loctelli.offboarding.models import Closing
from loctelli.offboarding.tests.closings import begin
from loctelli.tests.console_cast import limited_admin, page, signed_in, text
from security.models import AuditEntry
from tenants.models import SubAccount
from tenants.scope import system_scope


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
