"""What the console's job counts: days, sub-accounts, and all of them together."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.conversations import append_message
from crm.counts import KEPT_DAYS, count_anew
from crm.jobs import count_regularly
from crm.models import Booking, DailyCount, Lead, SubAccountCount
from crm.models.counts import EVERYBODY
from crm.tests.factories import BookingFactory, LeadFactory
from tenants.scope import is_bound, system_scope

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


def days_of(sub_account_id):
    rows = DailyCount.objects.filter(sub_account_id=sub_account_id).order_by("-day")
    return [(row.day, row.leads, row.conversations, row.bookings) for row in rows]


@pytest.fixture
def leads(cast):
    """Two leads of acme, one of them three days old, and one of globex."""
    with system_scope("test"):
        found = [LeadFactory(strategy=strategy) for strategy in (cast.acme_strategy,) * 2 + (cast.globex_strategy,)]
        Lead.objects.filter(pk=found[0].pk).update(created_at=NOON - timedelta(days=3))
        return found


def test_each_day_counts_what_came_about_in_each_sub_account_and_in_all(leads, acme, globex):
    with system_scope("test"):
        for words in ("Hello", "again"):
            append_message(leads[1], role="user", content=words)
        append_message(leads[2], role="user", content="Hello")
        BookingFactory(lead=leads[1])

        count_anew()

        today, then = NOON.date(), (NOON - timedelta(days=3)).date()
        assert days_of(acme.pk) == [(today, 1, 1, 1), (then, 1, 0, 0)]
        assert days_of(globex.pk) == [(today, 1, 1, 0)]
        assert days_of(EVERYBODY) == [(today, 2, 2, 1), (then, 1, 0, 0)]


def test_recent_days_are_counted_without_touching_the_others_and_a_deleted_lead_is_counted_no_more(leads, acme):
    with system_scope("test"):
        count_anew()
        Lead.objects.filter(pk__in=[leads[0].pk, leads[1].pk]).delete()

        count_anew(days=2)
        recently = days_of(acme.pk)
        count_anew()

        assert recently == [((NOON - timedelta(days=3)).date(), 1, 0, 0)]
        assert days_of(acme.pk) == []


def test_days_that_nobody_looks_at_any_more_are_forgotten(leads, acme):
    with system_scope("test"):
        old = NOON.date() - timedelta(days=KEPT_DAYS)
        DailyCount.objects.create(sub_account_id=acme.pk, day=old, leads=1, conversations=0, bookings=0)

        count_anew(days=2)

        assert not DailyCount.objects.filter(day=old).exists()


def test_each_sub_account_says_what_it_holds_and_when_something_last_happened(leads, acme, globex, cast):
    with system_scope("test"):
        booking = BookingFactory(lead=leads[0])
        Lead.objects.update(updated_at=NOON - timedelta(days=2))
        Booking.objects.filter(pk=booking.pk).update(created_at=NOON - timedelta(days=1))

        count_anew()

        held = SubAccountCount.objects.values_list("users", "strategies", "leads", "bookings", "last_activity_at")
        assert held.get(sub_account_id=acme.pk) == (1, 1, 2, 1, NOON - timedelta(days=1))
        assert held.get(sub_account_id=globex.pk) == (1, 1, 1, 0, NOON - timedelta(days=2))
        assert held.get(sub_account_id=cast.onboarding.pk) == (1, 0, 0, 0, None)
        assert held.get(sub_account_id=EVERYBODY) == (3, 2, 3, 1, NOON - timedelta(days=1))


@pytest.mark.parametrize(("minute", "counts_old_days"), [(0, True), (5, False)])
def test_the_job_counts_old_days_once_an_hour(minute, counts_old_days, leads, acme):
    with system_scope("test"):
        count_anew()
        DailyCount.objects.filter(day__lt=NOON.date()).delete()

    count_regularly(int(NOON.replace(minute=minute).timestamp()))

    assert not is_bound()
    with system_scope("test"):
        assert DailyCount.objects.filter(day__lt=NOON.date()).exists() == counts_old_days


def test_the_jobs_first_run_counts_all_days(leads, acme):
    count_regularly(int(NOON.replace(minute=35).timestamp()))

    with system_scope("test"):
        assert len(days_of(acme.pk)) == 2
