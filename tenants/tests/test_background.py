"""Actions on many rows: begun in the console, done by the worker, in parts that are done once each."""

import json
import threading

import pytest
from django.db import connection
from django.urls import reverse
from procrastinate.contrib.django import app

from accounts.models import AdminUser
from accounts.tests.factories import UserFactory
from crm.models import Lead
from crm.tests.factories import LeadFactory
from loctelli.tests.console_cast import limited_admin, page, signed_in, text
from security.models import AuditEntry
from tenants import background
from tenants.background import Outcome
from tenants.jobs import run_background_action
from tenants.models import BackgroundAction, BackgroundActionPart
from tenants.scope import system_scope


@pytest.fixture
def many(cast, monkeypatch):
    """Seven leads, where more than three are many."""
    monkeypatch.setattr(background, "IN_ONE_REQUEST", 3)
    with system_scope("test"):
        return LeadFactory.create_batch(7, strategy=cast.acme_strategy, status="lead")


def begin(client, query="", action="change_status", **form):
    """Act on all that match in the list of leads; return the action that the worker is to do."""
    values = {f"with-{name}": value for name, value in (form or {"status": "qualified"}).items()}
    answer = client.post(
        page("crm.lead", "changelist") + query,
        {"action": action, "select_across": "1", "_selected_action": ["0"], "confirmed": "1", **values},
    )
    assert answer.status_code == 302
    with system_scope("test"):
        return BackgroundAction.objects.get(pk=answer.url.split("/")[-3])


def statuses():
    with system_scope("test"):
        return sorted(Lead.objects.values_list("status", flat=True))


def again(action):
    with system_scope("test"):
        return BackgroundAction.objects.get(pk=action.pk)


def test_all_that_match_are_begun_in_the_request_and_done_by_the_worker(many, cast, ada):
    with system_scope("test"):
        LeadFactory(strategy=cast.globex_strategy, status="active")
    client = signed_in(ada)

    begun = begin(client, "?status__exact=lead")
    with system_scope("test"):
        jobs = app.job_manager.list_jobs(task=background.JOB)
    before = statuses()
    waiting = client.get(reverse("console:tenants_backgroundaction_change", args=[begun.pk]))
    background.run(begun.pk)
    over = client.get(reverse("console:tenants_backgroundaction_change", args=[begun.pk]))

    assert (begun.total, begun.done, begun.status) == (7, 0, "waiting")
    assert [json.loads(job.task_kwargs) for job in jobs] == [{"action_id": begun.pk}]
    assert before == ["active", *["lead"] * 7]
    assert statuses() == ["active", *["qualified"] * 7]
    assert "It waits for the worker." in text(waiting)
    assert "All 7 rows are done; 7 were changed." in text(over)
    with system_scope("test"):
        assert not BackgroundActionPart.objects.exists()
        changes = AuditEntry.objects.filter(model="crm.lead", action="update")
        assert list(changes.values_list("actor_name", flat=True)) == ["Ada"] * 7


def test_few_are_done_at_once_by_the_same_service(many, ada):
    keys = [lead.pk for lead in many[:3]]

    answer = signed_in(ada).post(
        page("crm.lead", "changelist"),
        {"action": "change_status", "_selected_action": keys, "confirmed": "1", "with-status": "qualified"},
        follow=True,
    )

    assert "3 were changed." in text(answer)
    with system_scope("test"):
        assert not BackgroundAction.objects.exists()


def test_a_worker_that_dies_leaves_whole_parts_and_the_next_one_goes_on(many, ada, monkeypatch):
    begun = begin(signed_in(ada))
    act, died = background._act, []

    def die_in_the_second_part(action, keys):
        outcome = act(action, keys)
        if action.done and not died:
            died.append(keys)
            raise KeyboardInterrupt
        return outcome

    monkeypatch.setattr(background, "_act", die_in_the_second_part)
    with pytest.raises(KeyboardInterrupt):
        background.run(begun.pk)
    midway, found = again(begun), statuses()
    background.run(begun.pk)

    assert (midway.status, midway.done, midway.changed) == ("running", 3, 3)
    assert found.count("qualified") == 3
    assert (again(begun).status, again(begun).done, again(begun).changed) == ("done", 7, 7)
    assert statuses() == ["qualified"] * 7


def test_what_goes_wrong_is_told_and_tried_again(many, ada, monkeypatch):
    begun = begin(signed_in(ada))
    monkeypatch.setattr(background, "_act", lambda action, keys: 1 / 0)

    class Context:
        def __init__(self, attempts):
            self.job = type("Job", (), {"attempts": attempts})

    with pytest.raises(ZeroDivisionError):
        run_background_action.func(Context(0), begun.pk)
    first = again(begun)
    with pytest.raises(ZeroDivisionError):
        run_background_action.func(Context(5), begun.pk)

    assert (first.status, first.error) == ("waiting", "ZeroDivisionError: division by zero")
    assert again(begun).status == "failed"
    assert statuses() == ["lead"] * 7


@pytest.mark.parametrize("change", [{"is_active": False}, {"permissions": ["crm.view_lead"]}])
def test_whoever_lost_the_right_meanwhile_changes_nothing_more(change, many):
    admin = limited_admin("crm.view_lead", "crm.change_lead")
    begun = begin(signed_in(admin))
    with system_scope("test"):
        AdminUser.objects.filter(pk=admin.pk).update(**change)

    background.run(begun.pk)

    assert again(begun).status == "failed"
    assert "may not do it any more" in again(begun).error
    assert statuses() == ["lead"] * 7


def test_a_person_deactivated_meanwhile_gets_nothing(many, cast, ada):
    with system_scope("test"):
        bob = UserFactory(sub_account=cast.acme)
    begun = begin(signed_in(ada), action="assign", person=bob.pk)
    with system_scope("test"):
        bob.is_active = False
        bob.save()

    background.run(begun.pk)

    assert again(begun).status == "failed"
    assert "Select a valid choice" in again(begun).error


def test_an_admin_sees_the_progress_of_what_they_asked_for_and_nobody_elses(many, ada):
    admin = limited_admin("crm.view_lead", "crm.change_lead")
    mine, client = begin(signed_in(admin)), signed_in(admin)
    others = begin(signed_in(ada))
    names = ("console:tenants_backgroundaction_change", "console:tenants_backgroundaction_progress")

    seen = {key: [client.get(reverse(name, args=[key])).status_code for name in names] for key in (mine.pk, others.pk)}

    assert seen == {mine.pk: [200, 200], others.pk: [403, 403]}
    assert client.get(page("tenants.backgroundaction", "changelist")).status_code == 403
    answer = client.get(reverse(names[1], args=[mine.pk])).json()
    assert answer == {"words": "It waits for the worker.", "done": 0, "total": 7, "is_over": False}


def test_refusals_are_counted_by_reason_over_all_parts():
    outcome = Outcome()

    outcome.refuse("It is elsewhere.")
    outcome.refuse("It is elsewhere.", 2)
    outcome.refuse("Never.", 0)

    assert outcome.refusals == {"It is elsewhere.": 3}


@pytest.mark.django_db(transaction=True)
def test_two_admins_acting_on_the_same_rows_wait_for_each_other(transactional_db, cast):
    with system_scope("test"):
        leads = LeadFactory.create_batch(40, strategy=cast.acme_strategy, status="lead")
    keys, failures = [lead.pk for lead in leads], []

    def act(status, order):
        client = signed_in(cast.ada)
        try:
            for _ in range(3):
                client.post(
                    page("crm.lead", "changelist") + order,
                    {"action": "change_status", "_selected_action": keys, "confirmed": "1", "with-status": status},
                )
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=act, args=args)
        for args in (("qualified", "?o=1"), ("booked", "?o=-1"), ("closed", ""), ("active", "?o=-1"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    # One after the other: whoever came last has changed all of them.
    assert len(set(statuses())) == 1
