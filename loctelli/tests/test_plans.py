"""How PostgreSQL answers lists, under row security and with a tenant among others: by the index that is for it."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from accounts.models import User
from crm.meetings import DAY, still_to_come
from crm.models import Booking, ContactSubmission, Lead
from forms.models import FormSubmission
from loctelli.management.generating.records import RARE_FORM, ROWS, add_records
from loctelli.management.generating.sub_accounts import gather_statistics, generate
from loctelli.tests.cast import client_of
from loctelli.tests.console_cast import page, signed_in
from loctelli.tests.explaining import explained, nodes
from security.models import AuditEntry, SecurityIncident
from tenants.deletion import Deletion, what_goes_along, what_goes_with
from tenants.scope import system_scope, tenant_scope

pytestmark = pytest.mark.django_db(transaction=True)

LARGE, OTHER = 20_000, 15_000
# What each list is read through. More than one where they cost the same.
LEADS = {
    "": {"leads_tenant_key"},
    "ordering=id": {"leads_tenant_key"},
    "ordering=name": {"leads_name"},
    "ordering=-name": {"leads_name"},
    "ordering=created_at": {"leads_newest"},
    "ordering=-updated_at": {"leads_changed"},
    "status=closed": {"leads_status"},
    "email={email}": {"leads_email"},
    "email__isnull=true": {"leads_email", "leads_tenant_key"},
    "phone={phone}": {"leads_phone"},
    "custom_id=generated-77": {"leads_own_id"},
    "regular_user_id={user}": {"leads_regular_user", "leads_tenant_key"},
    "strategy_id={strategy}": {"leads_strategy", "leads_tenant_key"},
    "created_at__gte={latest}": {"leads_newest", "leads_tenant_key"},
    "updated_at__gte={latest}&ordering=updated_at": {"leads_changed"},
    "search=example": {"leads_tenant_key"},
    "search=example&ordering=name": {"leads_name"},
}
OTHERS = {
    "bookings/": {"bookings_tenant_key"},
    "bookings/?ordering=-updated_at": {"bookings_changed"},
    "bookings/?ordering=created_at": {"bookings_newest"},
    "bookings/?status=pending": {"bookings_status", "bookings_tenant_key"},
    "bookings/?lead_id={booked}": {"bookings_lead"},
    "bookings/?regular_user_id={user}": {"bookings_regular_user", "bookings_tenant_key"},
    "contact-submissions/": {"contacts_newest"},
    "contact-submissions/?ordering=updated_at": {"contacts_changed"},
    "contact-submissions/?status=CLOSED_LOST": {"contacts_status", "contacts_newest"},
    "contact-submissions/?assigned_to_id={user}": {"contacts_assigned"},
    "form-submissions/": {"submissions_newest"},
    "form-submissions/?ordering=-updated_at": {"submissions_changed"},
    "form-submissions/?form_template_id={form}": {"submissions_form"},
    "form-submissions/?assigned_to_id={user}": {"submissions_assigned"},
    "form-submissions/?status=processed": {"submissions_status", "submissions_newest"},
    "conversation-messages/?fields=id": {"messages_in_order"},
    "conversation-messages/?fields=id&lead_id={lead}": {"messages_conversation"},
    "security-incidents/": {"incidents_sub_account"},
    "audit-entries/": {"audit_entries_newest"},
    "audit-entries/?model=crm.lead&object_id={entry}": {"audit_entries_object"},
}
# What is read over all sub-accounts.
EVERYWHERE = {
    "leads": (lambda: Lead.objects.order_by("-created_at", "-id"), {"leads_latest"}),
    "bookings": (lambda: Booking.objects.order_by("-created_at", "-id"), {"bookings_latest"}),
    "bookings to come": (
        lambda: still_to_come(Booking.objects.all(), now=timezone.now()).order_by(DAY.asc(), "id"),
        {"bookings_to_come"},
    ),
    "contact submissions": (lambda: ContactSubmission.objects.order_by("-submitted_at", "-id"), {"contacts_latest"}),
    "form submissions": (lambda: FormSubmission.objects.order_by("-submitted_at", "-id"), {"submissions_latest"}),
    "incidents unresolved": (
        lambda: SecurityIncident.objects.filter(resolved=False).order_by("-created_at"),
        {"incidents_unresolved"},
    ),
    "incidents of a type": (
        lambda: SecurityIncident.objects.filter(type="RATE_LIMIT_EXCEEDED").order_by("-created_at"),
        {"incidents_type"},
    ),
    "entries past their age": (
        lambda: AuditEntry.objects.filter(created_at__lt=timezone.now() - timedelta(days=400)).order_by(),
        {"audit_entries_age"},
    ),
}
SEARCHED = {
    "leads_search": (Lead, "created_at", ("generated-777", "zzzqqq", "qx")),
    "contacts_search": (ContactSubmission, "submitted_at", ("15551234", "zzzqqq")),
    "submissions_search": (FormSubmission, "submitted_at", ("15551234", "zzzqqq")),
}
# By ranges of pages, of which there have to be many.
UNREAD_BY_SO_FEW = {"messages_said"}
BIG = {"leads", "bookings", *ROWS}


@pytest.fixture
def large(cast):
    """A large sub-account among small ones, with fresh statistics: whom to ask as, and what addresses name."""
    generated = [generate(number, size=size, password=None) for number, size in ((1, LARGE), (2, OTHER))]
    for sub_account in generated:
        add_records(sub_account, LARGE // 2)
    large = generated[0]
    with system_scope("test"):
        lead = large.leads.filter(phone__isnull=False, email__isnull=False, bookings__isnull=False).first()
        first, user = large.leads.order_by("pk").first(), large.users.order_by("pk").first()
        names = {
            "entry": first.pk + 7, "user": user.pk, "lead": first.pk + 7, "form": RARE_FORM,
            "booked": lead.pk, "email": lead.email, "phone": lead.phone.replace("+", "%2B"),
            "strategy": lead.strategy_id,
            "latest": large.leads.latest("created_at").created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }  # fmt: skip
        asker = large.users.filter(role="admin").first()
    gather_statistics()
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(sorted(BIG))}")
    return client_of(asker), names, large


def faults_of(client, path, allowed):
    """Return what is wrong with the plans of a list: a table read or sorted as a whole, or another index."""
    plans = []
    with explained(plans, BIG):
        answer = client.get(f"/api/v1/{path}")
    if answer.status_code != 200 or not answer.json()["results"]:
        return [f"{answer.status_code}, {answer.content[:200]!r}"]
    found = [node for plan in plans for node in nodes(plan)]
    indexes = {node["Index Name"] for node in found if "Index Name" in node}
    faults = [f"reads all of {node['Relation Name']}" for node in found if node["Node Type"] == "Seq Scan"]
    for node in found:
        if node["Node Type"] == "Sort" and node["Plans"][0]["Plan Rows"] > LARGE / 10:
            faults.append(f"sorts {node['Plans'][0]['Plan Rows']} rows")
    if not indexes or not indexes <= allowed:
        faults.append(f"goes through {sorted(indexes)}")
    return faults


def test_every_list_is_read_through_the_index_that_is_there_for_it(large):
    client, names, _ = large
    paths = {f"leads/?{query}": allowed for query, allowed in LEADS.items()} | OTHERS

    found = {path: faults_of(client, path.format(**names), allowed) for path, allowed in paths.items()}

    assert {path: faults for path, faults in found.items() if faults} == {}


def test_a_count_reads_no_more_than_it_counts(large):
    client, _, _ = large

    for query in ("", "status=closed&", "search=example&"):
        plans = []
        with explained(plans, BIG):
            answer = client.get(f"/api/v1/leads/?{query}count=true").json()

        assert answer["count"] == (10_000 if query != "status=closed&" else answer["count"])
        (counting,) = [plan for plan in plans if plan["Node Type"] == "Aggregate"]
        assert [node["Node Type"] for node in nodes(counting) if node["Node Type"] == "Limit"] == ["Limit"]


def test_what_is_read_over_all_sub_accounts_has_its_index_too(large):
    faults = {}

    for name, (rows, allowed) in EVERYWHERE.items():
        plans = []
        with system_scope("test"), explained(plans, BIG):
            list(rows()[:50])
        found = {node.get("Index Name") for plan in plans for node in nodes(plan)} - {None}
        if found != allowed:
            faults[name] = found

    assert faults == {}


def test_the_console_sorts_and_reads_no_big_table_as_a_whole(large, cast):
    console, faults = signed_in(cast.ada), {}

    for label in ("crm.lead", "crm.booking", "crm.contactsubmission", "forms.formsubmission"):
        plans = []
        with explained(plans, BIG):
            console.get(page(label, "changelist"))
        found = [node for plan in plans for node in nodes(plan)]
        read = {node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"} & BIG
        sorts = [node for node in found if node["Node Type"] == "Sort"]
        if not plans or read or sorts:
            faults[label] = (read, sorts)

    assert faults == {}


def test_every_index_of_a_big_table_is_one_that_is_asked_for_here():
    there = {index.name for model in apps.get_models() if model._meta.db_table in BIG for index in model._meta.indexes}

    asked_for = set().union(*LEADS.values(), *OTHERS.values(), *(found for _, found in EVERYWHERE.values()), SEARCHED)

    assert there - asked_for == UNREAD_BY_SO_FEW


def scans(index):
    """Return how often a search index was read, and its table as a whole."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT found.idx_scan, read.seq_scan FROM pg_stat_user_indexes found "
            "JOIN pg_stat_user_tables read USING (relid) "
            "WHERE found.indexrelname = %s AND found.schemaname = current_schema()",
            [index],
        )
        return cursor.fetchone()


def test_rare_words_are_looked_up_in_the_search_index(large):
    _, _, sub_account = large

    for index, (model, newest, texts) in SEARCHED.items():
        for text in texts:
            before = scans(index)
            scopes = [tenant_scope(sub_account.pk), system_scope("test")]
            for scope in scopes:
                with scope:
                    rows = model.objects.order_by(f"-{newest}", "-id")
                    found = list(model.search_index.find(rows, text, shown=rows)[:50])
                    assert all(text in row.search_text for row in found)
            after = scans(index)
            assert (text, after[0] - before[0], after[1] - before[1]) == (text, len(scopes), 0)


def test_a_later_page_of_what_is_frequent_at_the_beginning_is_looked_up_too(large):
    client, _, _ = large
    asked, found, url = [], [], "/api/v1/leads/?search=generated-199&fields=custom_id"

    while url:
        before = scans("leads_search")
        page = client.get(url).json()
        asked.append(scans("leads_search")[0] - before[0])
        found += [lead["custom_id"] for lead in page["results"]]
        url = page["next"]

    # 19999 to 19900, then 1999 to 1990 and 199 far behind them.
    assert (len(found), found[-1]) == (111, "generated-199")
    assert asked == [0, 1, 1]


def test_deleting_somebody_reads_none_of_the_leads_of_others(large):
    _, _, sub_account = large
    plans = []

    with tenant_scope(sub_account.pk):
        somebody = User.objects.create(name="Somebody", email="somebody@acme.example")
        with explained(plans, {"leads"}, "ANALYZE, TIMING OFF, FORMAT JSON"):
            found = what_goes_with(User, [somebody.pk], counted=lambda model: True)
            deletion = what_goes_along([somebody])
        somebody.delete()

    assert (found, deletion) == (({}, []), Deletion())
    read = [node for plan in plans for node in nodes(plan) if node.get("Relation Name") == "leads"]
    assert {(node["Actual Rows"], node.get("Rows Removed by Filter", 0)) for node in read} == {(0, 0)}
