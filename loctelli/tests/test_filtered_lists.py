"""Filtered lists are compiled once for each shape of filters, and show what Django's own filters would."""

from datetime import timedelta

import pytest

from agents.tests.factories import StrategyFactory
from crm.models import Lead
from crm.tests.factories import LeadFactory
from loctelli.api import statements
from loctelli.tests.cast import client_of
from tenants.scope import system_scope, tenant_scope

pytestmark = pytest.mark.django_db

LEADS = "/api/v1/leads/"


@pytest.fixture
def leads(cast) -> list[Lead]:
    with system_scope("test"):
        other = StrategyFactory(regular_user=cast.alice, prompt_template=cast.template)
        LeadFactory(strategy=StrategyFactory(regular_user=cast.mallory, prompt_template=cast.template), status="active")
        return [
            LeadFactory(strategy=strategy, status=status, email=email, custom_id=custom_id)
            for strategy in (cast.acme_strategy, other)
            for status in ("lead", "active")
            for email, custom_id in (("a@b.example", "7"), (None, None))
        ]


def conditions(leads) -> list[dict[str, object]]:
    middle = leads[4]
    return [
        {"status": "active"},
        {"status": "lead"},
        {"status__in": ["lead", "active"]},
        {"status__in": ["active"]},
        {"status__in": ["nobody's", "active", "won"]},
        {"strategy_id": middle.strategy_id},
        {"regular_user_id": middle.regular_user_id, "status": "active"},
        {"email__isnull": True},
        {"email__isnull": False},
        {"email": "a@b.example", "custom_id": "7"},
        {"custom_id": "%"},
        {"created_at__gte": middle.created_at},
        {"created_at__lt": middle.created_at, "strategy_id": leads[0].strategy_id},
        {"created_at__gte": middle.created_at - timedelta(1), "updated_at__lt": middle.updated_at, "status": "lead"},
        {"strategy_id": 2**62},
    ]


@pytest.mark.parametrize("ordering", ["id", "-created_at"])
@pytest.mark.parametrize("times", [1, 2])
def test_filters_show_what_djangos_own_would_the_first_time_and_again(leads, cast, ordering, times):
    client = client_of(cast.alice)

    for given in conditions(leads):
        query = {name: ",".join(value) if isinstance(value, list) else value for name, value in given.items()}
        query = {name: {True: "true", False: "false"}.get(value, value) for name, value in query.items()}
        query = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in query.items()}
        with tenant_scope(cast.acme.pk):
            expected = list(Lead.objects.filter(**given).order_by(ordering).values_list("pk", flat=True))
        for _ in range(times):
            shown = client.get(LEADS, {**query, "ordering": ordering}).json()["results"]
            counted = client.get(LEADS, {**query, "count": "true", "page_size": 1}).json()["count"]
            assert ([lead["id"] for lead in shown], counted) == (expected, len(expected)), given


def test_further_pages_of_a_filtered_list_go_on_with_its_filters(leads, cast):
    client, found = client_of(cast.alice), []
    address = f"{LEADS}?status=active&page_size=1"
    while address:
        page = client.get(address).json()
        found += [lead["id"] for lead in page["results"]]
        address = page["next"]

    assert found == [lead.pk for lead in reversed(leads) if lead.status == "active"]


def test_values_cost_no_compiling_but_shapes_do(leads, cast):
    client = client_of(cast.alice)
    statements.filtered_page.cache_clear()

    for query in ({"status": "lead"}, {"status": "active"}, {"status__in": "lead,active"}, {"status__in": "lead,won"}):
        client.get(LEADS, query)

    assert statements.filtered_page.cache_info().misses == 2


def test_what_has_a_way_of_its_own_to_filter_keeps_it(cast, leads):
    with system_scope("test"):
        cast.alice.role = "admin"
        cast.alice.save()
    client, lead = client_of(cast.alice), leads[0]
    client.patch(f"{LEADS}{lead.pk}/", {"notes": "Called."})

    entries = client.get("/api/v1/audit-entries/", {"object_id": str(lead.pk), "action": "update"}).json()["results"]

    assert [entry["object_id"] for entry in entries] == [str(lead.pk)]
