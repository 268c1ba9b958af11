"""Filters that leave few rows, or none, of a long list: every two of them, in every order."""

from itertools import permutations
from urllib.parse import urlencode

import pytest
from django.db import connection

from crm.models import Lead
from crm.views import LeadViewSet
from loctelli.api import sparse
from loctelli.api.filters import filterset_class_of
from loctelli.management.generating.sub_accounts import gather_statistics, generate
from loctelli.tests.cast import client_of
from loctelli.tests.explaining import explained, nodes
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db(transaction=True)

LEADS, OTHERS, LOOKED_AT = 15_000, 10_000, 300
ORDERINGS = [sign + name for name in LeadViewSet.ordering_fields for sign in ("", "-")]
# Each person, agent and stage of the sub-account has its time, which nobody tells PostgreSQL.
ERAS = """
UPDATE leads SET
    regular_user_id = (%(users)s::bigint[])[1 + floor(age * 5)],
    strategy_id = (%(strategies)s::bigint[])[1 + floor(age * 3)],
    status = CASE WHEN age < 0.5 THEN 'closed' WHEN age < 0.99 THEN 'lead' ELSE 'booked' END,
    email = CASE WHEN age > 0.2 THEN coalesce(email, leads.id || '@mail.example') END,
    phone = CASE WHEN age > 0.9 THEN '+1 555 0100' ELSE phone END
FROM (SELECT id, (row_number() OVER (ORDER BY created_at) - 1)::float / count(*) OVER () AS age
      FROM leads WHERE sub_account_id = %(sub_account)s) AS aged
WHERE aged.id = leads.id
"""


@pytest.fixture
def living(cast):
    """A sub-account whose rows aren't spread evenly, beside one whose are: its client, and the values of each filter.

    The first value of each is of its oldest leads, the second one of its newest.
    """
    living, _ = (generate(number, size=size, password=None) for number, size in ((1, LEADS), (2, OTHERS)))
    with system_scope("test"), connection.cursor() as cursor:
        users, strategies = (
            list(rows.order_by("pk").values_list("pk", flat=True)) for rows in (living.users, living.strategies)
        )
        cursor.execute(ERAS, {"sub_account": living.pk, "users": users, "strategies": strategies})
        oldest, newest = (living.leads.filter(phone__isnull=False).order_by(f"{way}created_at") for way in ("", "-"))
        asker = living.users.filter(role="admin").get()
    gather_statistics()
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) leads")

    def moment(leads, column):
        return getattr(leads[LEADS // 20], column).strftime("%Y-%m-%dT%H:%M:%SZ")

    with system_scope("test"):
        values = {
            "status": ("closed", "booked"),
            "status__in": ("closed,inactive", "booked,inactive"),
            "regular_user_id": (users[0], users[-1]),
            "strategy_id": (strategies[0], strategies[-1]),
            "email": (newest[700].email, newest[0].email),
            "email__isnull": ("true", "false"),
            "phone": (oldest[0].phone, newest[0].phone),
            "custom_id": (oldest[0].custom_id, newest[0].custom_id),
        }
        for name in ("created_at", "updated_at"):
            values[f"{name}__lt"] = (moment(oldest, name), moment(newest, name))
            values[f"{name}__gte"] = (moment(oldest, name), moment(newest, name))
    return client_of(asker), values


def rows_passed_over(plan):
    """Return how many leads are read in vain, one after the other; all of a table when it is read as a whole."""
    found = [node for node in nodes(plan) if node.get("Relation Name") == "leads"]
    if any(node["Node Type"] == "Seq Scan" for node in found):
        return LEADS + OTHERS
    return sum(node.get("Rows Removed by Filter", 0) for node in found if node["Node Type"] == "Index Scan")


def test_no_two_filters_have_a_whole_list_read_whatever_its_order(living, monkeypatch, settings):
    client, values = living
    settings.API_THROTTLE = settings.SUB_ACCOUNT_THROTTLE = "100000/60"
    monkeypatch.setattr(sparse, "SCATTERED", LOOKED_AT)
    monkeypatch.setattr(sparse, "SIDE_BY_SIDE", LOOKED_AT)
    assert values.keys() == filterset_class_of(LeadViewSet).base_filters.keys()

    read = {}
    for one, other in permutations(values, 2):
        for ordering in ORDERINGS:
            query = urlencode({one: values[one][0], other: values[other][1], "ordering": ordering, "fields": "id"})
            plans = []
            with explained(plans, {"leads"}, "ANALYZE, TIMING OFF, FORMAT JSON"):
                answer = client.get(f"/api/v1/leads/?{query}")
            assert answer.status_code == 200
            read[query] = max(map(rows_passed_over, plans))

    # What the look itself has read is none of the list's.
    assert {query: number for query, number in read.items() if number > 3 * LOOKED_AT} == {}


def test_what_stands_at_the_end_of_a_list_is_found_page_by_page(living, monkeypatch):
    client, values = living
    monkeypatch.setattr(sparse, "SIDE_BY_SIDE", LOOKED_AT)
    first, last = values["created_at__gte"]
    found, url = [], f"/api/v1/leads/?status=closed&created_at__lt={first}&ordering=-updated_at&page_size=200"

    while url:
        page = client.get(url).json()
        found += page["results"]
        url = page["next"]

    with system_scope("test"):
        there = Lead.objects.filter(sub_account=found[0]["sub_account_id"], status="closed", created_at__lt=first)
        assert len(found) == len({lead["id"] for lead in found}) == there.count() > LOOKED_AT
    assert [lead["updated_at"] for lead in found] == sorted((lead["updated_at"] for lead in found), reverse=True)
    assert {lead["status"] for lead in found} == {"closed"}
    nothing = client.get(f"/api/v1/leads/?status=closed&created_at__gte={last}&ordering=name&count=true").json()
    assert (nothing["count"], nothing["results"]) == (0, [])
