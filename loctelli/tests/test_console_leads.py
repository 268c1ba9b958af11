"""A lead's form and history: its stages are chosen, and what changed is told in the words of the page."""

import pytest

from accounts.tests.factories import UserFactory
from crm.models import Lead
from loctelli.tests.console_cast import page, text, the_one
from tenants.models import SubAccount
from tenants.scope import system_scope


@pytest.fixture
def stages(rows, cast):
    """Acme has a stage of its own."""
    with system_scope("test"):
        SubAccount.objects.filter(pk=cast.acme.pk).update(settings={"lead_statuses": ["quoted"]})


def saved(console, lead, **changes):
    data = {"name": lead.name, "regular_user": lead.regular_user_id, "strategy": lead.strategy_id, "status": "lead"}
    return console.post(page("crm.lead", "change", lead.pk), {**data, "conversation_state": "null", **changes})


def offered(answer) -> list[str]:
    return [value for value, _ in answer.context["adminform"].form.fields["status"].choices]


def test_a_lead_is_moved_to_a_stage_of_its_own_sub_account_and_to_no_other(rows, stages, console):
    moved, foreign, nonsense = (
        saved(console, lead, status=status)
        for lead, status in (
            (rows.acme.lead, "quoted"),
            (rows.globex.lead, "quoted"),
            (rows.acme.lead, "no such stage"),
        )
    )

    assert moved.status_code == 302
    assert the_one(Lead, pk=rows.acme.lead.pk).status == "quoted"
    assert [list(answer.context["adminform"].form.errors) for answer in (foreign, nonsense)] == [["status"]] * 2


def test_the_stages_are_offered_that_there_are(rows, stages, console, cast):
    add = page("crm.lead", "add")

    own = offered(console.get(page("crm.lead", "change", rows.acme.lead.pk)))
    of_nobody, of_acme = (offered(console.get(f"{add}{query}")) for query in ("", f"?sub_account={cast.acme.pk}"))
    hostile = [console.get(f"{add}?sub_account={value}").status_code for value in ("x", "9" * 40)]

    assert set(own) - set(of_nobody) == {"quoted"}
    assert own == of_acme
    assert hostile == [200, 200]


def test_a_stage_that_was_abolished_stays_where_a_lead_is_at_it(rows, console):
    with system_scope("test"):
        Lead.objects.filter(pk=rows.acme.lead.pk).update(status="abolished")

    kept = saved(console, rows.acme.lead, status="abolished", company="Initech")

    assert kept.status_code == 302
    assert the_one(Lead, pk=rows.acme.lead.pk).company == "Initech"


def test_its_history_names_fields_and_values_as_its_page_does(rows, cast, console):
    with system_scope("test"):
        carol, gone = (UserFactory(sub_account=cast.acme, name=name) for name in ("Carol", "Gone"))
    state = '{"stage": "closing", "budget": "10,000"}'
    saved(console, rows.acme.lead, custom_id="crm-1", conversation_state=state, regular_user=gone.pk)
    saved(console, rows.acme.lead, custom_id="crm-1", conversation_state=state, regular_user=carol.pk)
    with system_scope("test"):
        gone.delete()

    told = text(console.get(page("crm.lead", "history", rows.acme.lead.pk)))

    assert f"Person No. {gone.pk} → Carol" in told
    assert f"Person {cast.alice.name} → No. {gone.pk}" in told
    assert "Custom ID – → crm-1" in told
    assert "Conversation state – → Stage Closing Budget 10,000" in told
    assert "conversation_state" not in told


def test_what_takes_many_lines_is_folded_and_no_json(rows, cast, console):
    with system_scope("test"):
        hours = [{"start": "09:00", "end": "17:00"}]
        cast.alice.bookings_time = {"weekly": dict.fromkeys(("monday", "tuesday", "wednesday", "thursday"), hours)}
        cast.alice.save()

    shown = console.get(page("accounts.user", "history", cast.alice.pk)).content.decode()

    assert "<details>" in shown
    assert "{&quot;" not in shown
