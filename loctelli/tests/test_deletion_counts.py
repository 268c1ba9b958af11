"""What a deletion would take along, leave without its reference, and be refused for: counted beforehand, and true."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, transaction

from accounts.models import AdminUser, User
from accounts.tests.factories import AdminUserFactory
from agents.models import PromptTemplate, Strategy
from crm.models import Booking, Lead
from crm.tests.factories import LeadFactory
from forms.models import FormTemplate
from integrations.models import IntegrationTemplate
from security.models import ConversationMessage
from tenants.deletion import what_goes_along, what_refers_to
from tenants.models import SubAccount
from tenants.scope import system_scope, tenant_scope


def told(counts):
    return sorted(str(count) for count in counts)


def test_deleting_a_user_takes_strategies_leads_bookings_and_messages_along(rows, cast):
    with system_scope("test"):
        LeadFactory(strategy=cast.acme_strategy)
        deletion = what_goes_along([cast.alice])

    assert told(deletion.goes_along) == ["1 booking", "1 conversation message", "1 strategy", "2 leads"]
    assert not deletion.is_refused


def test_deleting_a_lead_leaves_its_bookings_without_it(rows, cast):
    with system_scope("test"):
        deletion = what_goes_along([rows.acme.lead])

    assert told(deletion.goes_along) == ["1 conversation message"]
    assert told(deletion.stays_without) == ["1 booking"]


def test_captured_people_stand_in_the_way_of_deleting_a_sub_account(rows, cast):
    with system_scope("test"):
        deletion = what_goes_along([cast.acme])

    assert told(deletion.stands_in_the_way) == ["1 contact submission", "1 form submission", "1 form template"]
    assert deletion.counts == {"contact_submissions": 1, "form_submissions": 1, "form_templates": 1}
    assert told(deletion.stays_without) == []


def test_what_is_counted_is_what_is_deleted(rows, cast):
    models = (User, Strategy, Lead, Booking, ConversationMessage)
    with system_scope("test"):
        before = {model: model._base_manager.count() for model in models}
        deletion = what_goes_along([cast.alice])
        cast.alice.delete()
        after = {model: model._base_manager.count() for model in models}

    gone = {model: before[model] - after[model] for model in models if before[model] != after[model]}
    assert gone == {User: 1, **{count.model: count.number for count in deletion.goes_along}}


def test_counting_costs_one_query_a_table(rows, cast, django_assert_max_num_queries):
    with system_scope("test"):
        with django_assert_max_num_queries(20):
            few = what_goes_along([cast.globex])
        LeadFactory.create_batch(10, strategy=cast.globex_strategy)
        with django_assert_max_num_queries(20):
            many = what_goes_along([cast.globex])

    assert "1 lead" in told(few.goes_along)
    assert "11 leads" in told(many.goes_along)


def test_a_tenant_counts_its_own_rows_only(rows, cast):
    with tenant_scope(cast.acme.pk):
        counts = told(what_refers_to(cast.alice))

    assert counts == ["1 booking", "1 lead", "1 strategy"]


def test_the_database_really_refuses_what_is_said_to_stand_in_the_way(rows, cast):
    for model in (SubAccount, PromptTemplate, IntegrationTemplate, FormTemplate, AdminUser):
        with system_scope("test"):
            for row in model._base_manager.all():
                refused = what_goes_along([row]).is_refused
                with pytest.raises(Undone):
                    delete_and_undo(row, refused=refused)


class Undone(Exception):
    """The savepoint is to be rolled back."""


def delete_and_undo(row, *, refused):
    with transaction.atomic():
        if refused:
            with pytest.raises(IntegrityError), transaction.atomic():
                type(row)._base_manager.filter(pk=row.pk).delete()
        else:
            type(row)._base_manager.filter(pk=row.pk).delete()
        raise Undone


def test_an_admins_own_log_goes_along_and_is_told(rows, cast, console):
    with system_scope("test"):
        bo = AdminUserFactory(name="Bo")
        LogEntry.objects.log_actions(bo.pk, [cast.acme, cast.globex][:1], 2)
        deletion = what_goes_along([bo])

    assert told(deletion.goes_along) == ["1 log entry"]
