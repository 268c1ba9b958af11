"""The console's first page: what it shows, to whom, and what that costs."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from crm.counts import count_anew
from crm.models import Lead
from crm.tests.factories import BookingFactory, LeadFactory
from loctelli.tests.console_cast import limited_admin, signed_in, text
from security.tests.factories import SecurityIncidentFactory
from tenants.console.narrowing import preferences
from tenants.scope import system_scope

HOME = reverse("admin:index")
BIG_TABLES = ("leads", "bookings", "conversation_messages", "security_incidents", "auth_attempts", "audit_entries")


def counted():
    with system_scope("test"):
        count_anew()


def statements(client, url):
    """Return the statements that a request costs, those that bind the connection and savepoints apart."""
    asked = []

    def note(execute, sql, params, many, context):
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        assert client.get(url).status_code == 200
    return [(sql, params) for sql, params in asked if not sql.startswith(("SELECT set_config", "SAVEPOINT", "RELEASE"))]


def test_figures_are_told_with_their_change_against_the_thirty_days_before(cast, console):
    now = datetime.now(UTC)
    with system_scope("test"):
        for days_ago in (1, 2, 29, 40, 59):
            lead = LeadFactory(strategy=cast.acme_strategy)
            Lead.objects.filter(pk=lead.pk).update(created_at=now - timedelta(days=days_ago))
    counted()

    said = text(console.get(HOME))

    assert "New leads 3 trending_up +50% against 2 in the 30 days before" in said
    assert "Bookings made 0 trending_flat none in the 30 days before" in said
    assert "about 5 in all" in said
    assert "Counted now, day by day in UTC" in said


def test_before_anything_was_counted_the_page_says_so(cast, console):
    assert "Nothing is counted yet" in text(console.get(HOME))


def test_what_the_bars_show_is_said_in_words_and_in_a_table(rows, console):
    counted()
    html = console.get(HOME).content.decode()
    today = datetime.now(UTC)

    assert (
        f'aria-label="New leads on each of the last 30 days: 2 in all, most of them 2 on {today.day} {today:%b}.'
        in html
    )
    assert f'<th scope="row">{today.day} {today:%b %Y}</th><td>2</td>' in html


def test_newest_leads_come_first_whatever_their_numbers(cast, console):
    with system_scope("test"):
        _, new = (LeadFactory(strategy=cast.acme_strategy, name=name) for name in ("Came later", "Came first"))
        Lead.objects.filter(pk=new.pk).update(created_at=timezone.now() - timedelta(days=9))

    said = text(console.get(HOME))

    assert said.index("Came later") < said.index("Came first")


def test_bookings_to_come_are_told_in_the_time_zone_of_the_browser(cast, console):
    day = (timezone.now() + timedelta(days=30)).date()
    with system_scope("test"):
        lead = LeadFactory(strategy=cast.acme_strategy, name="Joan")
        BookingFactory(lead=lead, details={"date": day.isoformat(), "time": "23:30", "timezone": "UTC"})

    in_utc = text(console.get(HOME))
    console.cookies["loctelli_timezone"] = "Asia/Tokyo"
    in_tokyo = text(console.get(HOME))
    console.cookies["loctelli_timezone"] = "Nowhere/<b>"
    nowhere = text(console.get(HOME))

    next_day = day + timedelta(days=1)
    assert f"{day:%a} {day.day} {day:%b}, 23:30" in in_utc
    assert f"{next_day:%a} {next_day.day} {next_day:%b}, 08:30" in in_tokyo
    assert "times in Asia/Tokyo" in in_tokyo
    assert "times in UTC" in nowhere


def test_open_incidents_are_counted_by_severity(rows, cast, console):
    with system_scope("test"):
        SecurityIncidentFactory(severity="CRITICAL")
        SecurityIncidentFactory(severity="CRITICAL", resolved=True)

    assert "Critical 1 High 2 Medium 0 Low 0" in text(console.get(HOME))


def test_sub_accounts_are_shown_with_counts_and_their_last_activity(rows, console):
    counted()

    assert "Acme 1 1 1 1 now" in text(console.get(HOME)).replace("a second ago", "now")


def test_a_worker_that_was_never_heard_of_is_called_silent(cast, console):
    said = text(console.get(HOME))

    assert "Database answers PostgreSQL" in said
    assert "Worker silent never heard of" in said


def test_narrowed_the_page_shows_one_sub_account_alone(rows, cast, console):
    counted()
    with system_scope("test"):
        preferences().create(admin_id=cast.ada.pk, sub_account_id=cast.globex.pk)

    said = text(console.get(HOME))

    assert "Only Globex is shown" in said
    assert "New leads 1 " in said
    assert "High 1 " in said
    assert "Lead of Globex" in said
    assert "Acme" not in said


def test_an_admin_sees_of_it_what_they_may_view(rows, cast):
    counted()

    of_bookings = text(signed_in(limited_admin("crm.view_booking")).get(HOME))
    of_nothing = text(signed_in(limited_admin()).get(HOME))

    assert "Bookings to come" in of_bookings
    assert "Bookings made" in of_bookings
    assert [words for words in ("New leads", "Newest leads", "Open incidents", "Acme 1") if words in of_bookings] == []
    assert [words for words in ("Bookings made", "Bookings to come", "Newest leads") if words in of_nothing] == []
    assert "Health" in of_nothing


def test_it_takes_fewer_than_ten_queries_however_much_there_is(rows, cast, console):
    counted()
    console.get(HOME)
    few = statements(console, HOME)
    with system_scope("test"):
        for _ in range(12):
            BookingFactory(lead=LeadFactory(strategy=cast.acme_strategy))
            SecurityIncidentFactory()
    counted()

    many = statements(console, HOME)

    assert len(few) < 10
    assert len(many) == len(few)


@pytest.mark.parametrize("narrowed", [False, True], ids=["of all", "narrowed"])
def test_it_scans_no_big_table(narrowed, rows, cast, console):
    counted()
    if narrowed:
        with system_scope("test"):
            preferences().create(admin_id=cast.ada.pk, sub_account_id=cast.acme.pk)
    asked = statements(console, HOME)

    plans = ""
    with system_scope("test"), connection.cursor() as cursor:
        # Where an index serves, a table of three rows is looked up as one of a million would be.
        cursor.execute("SELECT set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true)")
        for sql, params in asked:
            cursor.execute(f"EXPLAIN {sql}", params)
            plans += "\n".join(line for (line,) in cursor.fetchall())

    assert [table for table in BIG_TABLES if f"Seq Scan on {table}" in plans] == []
    assert "using bookings_to_come on bookings" in plans or "on bookings_to_come" in plans
    assert narrowed or "using leads_latest on leads" in plans


def test_names_of_leads_stay_text(cast, console):
    with system_scope("test"):
        LeadFactory(strategy=cast.acme_strategy, name="<script>alert(1)</script>")

    html = console.get(HOME).content.decode()

    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
