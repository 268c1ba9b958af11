"""How leads are written many at a time: recorded, in few statements, and what goes wrong on the way."""

import time

from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Strategy
from agents.tests.factories import StrategyFactory
from crm import bulk
from crm.models import Booking
from crm.tests.bulk_calls import BULK, errors, names, outcomes
from crm.tests.factories import LeadFactory
from security.models import AuditEntry
from tenants.scope import system_scope, tenant_scope


def test_each_lead_is_recorded_and_so_many_at_once(cast, row, as_alice):
    as_alice.post(BULK, {"leads": [row(name="Few")]})
    as_alice.post(BULK, {"leads": [row()] * 150})

    with system_scope("test"):
        entries = list(AuditEntry.objects.filter(model="crm.lead", action="create").order_by("created_at"))
    assert [(entry.object_name, entry.rows, entry.actor_name) for entry in entries] == [
        ("Few", 1, "Alice"),
        ("", 150, "Alice"),
    ]


def test_five_hundred_rows_take_the_statements_of_a_hundred_and_fifty(cast, row, as_alice):
    with system_scope("test"):
        strategies = [StrategyFactory(regular_user=cast.alice, prompt_template=cast.template) for _ in range(5)]

    def statements(number: int, start: int) -> int:
        rows = [
            row(
                custom_id=f"crm-{start + index}", strategy_id=strategies[index % 5].pk, status="qualified",
                message_history=[{"content": "Hi"}], booking={"booking_type": "demo", "details": {}},
            )
            for index in range(number)
        ]  # fmt: skip
        counts = []
        for body in (
            rows,
            [{"custom_id": each["custom_id"], "company": f"Reed {index}"} for index, each in enumerate(rows)],
        ):
            with CaptureQueriesContext(connection) as queries:
                answer = as_alice.post(BULK, {"leads": body, "match_by": "custom_id"})
            assert answer.status_code == 200, answer.content[:500]
            counts.append(len(queries))
        return counts

    statements(1, 0)
    few, many = statements(150, 1000), statements(500, 2000)

    assert all(more <= less for more, less in zip(many, few, strict=True))
    assert max(many) <= 30


def test_a_thousand_rows_are_made_and_changed_in_seconds_of_work_at_most(row, as_alice):
    """Machines differ: this bound only catches what costs a statement a row. The README says what it really takes."""
    rows = [row(custom_id=f"crm-{number}", name=f"Lead {number}", status="lead") for number in range(1000)]
    changed = [{**each, "name": f"{each['name']}!", "company": "Reed", "status": "active"} for each in rows]

    started = time.process_time()
    answers = [as_alice.post(BULK, {"leads": leads, "match_by": "custom_id"}) for leads in (rows, changed)]
    took = time.process_time() - started

    assert [answer.json()["counts"]["failed"] for answer in answers] == [0, 0]
    assert outcomes(answers[1]) == ["updated"] * 1000
    assert took < 10


def delete_once_validated(strategy, monkeypatch) -> None:
    """Delete a strategy between the look at it and what is written of it."""
    validate = bulk._validate

    def and_delete(*args) -> None:
        validate(*args)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM strategies WHERE id = %s", [strategy.pk])

    monkeypatch.setattr(bulk, "_validate", and_delete)


def test_what_only_postgresql_refuses_is_told_of_its_row(cast, row, as_alice, monkeypatch):
    """A strategy that is deleted between the look at it and the INSERT."""
    with system_scope("test"):
        doomed = StrategyFactory(regular_user=cast.alice, prompt_template=cast.template)
    delete_once_validated(doomed, monkeypatch)

    rows = [row(name=f"Lead {number}") for number in range(20)]
    rows[3]["strategy_id"] = rows[17]["strategy_id"] = doomed.pk
    answer = as_alice.post(BULK, {"leads": rows})

    assert errors(answer) == [(3, "strategy_id", "does_not_exist"), (17, "strategy_id", "does_not_exist")]
    assert answer.json()["results"][3]["id"] is None
    assert len(names()) == 18


def test_a_refused_update_is_told_of_its_row_too(cast, as_alice, monkeypatch):
    with system_scope("test"):
        leads = [LeadFactory(name=f"Lead {number}", strategy=cast.acme_strategy) for number in range(9)]
        doomed = StrategyFactory(regular_user=cast.alice, prompt_template=cast.template)
    delete_once_validated(doomed, monkeypatch)

    rows = [{"id": lead.pk, "name": "Changed"} for lead in leads]
    rows[4]["strategy_id"] = doomed.pk
    answer = as_alice.post(BULK, {"leads": rows})

    assert errors(answer) == [(4, "strategy_id", "does_not_exist")]
    assert names() == [*["Changed"] * 8, "Lead 4"]


def test_nothing_of_a_call_stays_when_it_fails_as_a_whole(cast, row, as_alice, monkeypatch):
    def break_down(*args, **kwargs):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(Booking.objects, "bulk_create", break_down)
    as_alice.raise_request_exception = False

    answer = as_alice.post(BULK, {"leads": [row(booking={"booking_type": "demo", "details": {}})]})

    assert (answer.status_code, names()) == (500, [])
    with tenant_scope(cast.acme.pk):
        assert Strategy.objects.count() == 1
