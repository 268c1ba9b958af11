"""Bound to nobody: every way to read or write what belongs to tenants is closed."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.db import connection, models

from crm.models import Lead
from tenants.access import Access
from tenants.models import SubAccount
from tenants.scope import (
    TenantRequired,
    current_scope,
    is_bound,
    tenant_scope,
)

TENANTS_MODELS = [model for model in apps.get_models() if Access(getattr(model, "access", Access.SYSTEM)).has_policies]


OPERATIONS: dict[str, Callable[[type[models.Model]], object]] = {
    "all": lambda model: list(model._default_manager.all()),
    "iterate the base manager": lambda model: list(model._base_manager.all()),
    "filter": lambda model: model.objects.filter(pk=1),
    "exclude": lambda model: model.objects.exclude(pk=1),
    "get": lambda model: model.objects.get(pk=1),
    "first": lambda model: model.objects.first(),
    "count": lambda model: model.objects.count(),
    "exists": lambda model: model.objects.exists(),
    "aggregate": lambda model: model.objects.aggregate(models.Max("pk")),
    "values": lambda model: list(model.objects.values_list("pk")),
    "iterator": lambda model: list(model.objects.iterator()),
    "in_bulk": lambda model: model.objects.in_bulk([1]),
    "raw": lambda model: list(model.objects.raw(f"SELECT * FROM {model._meta.db_table}")),
    "none": lambda model: model.objects.none(),
    "lock": lambda model: list(model.objects.select_for_update()),
    "create": lambda model: model.objects.create(),
    "bulk_create": lambda model: model.objects.bulk_create([model()]),
    "bulk_update": lambda model: model.objects.bulk_update([model(pk=1)], ["pk"]),
    "get_or_create": lambda model: model.objects.get_or_create(pk=1),
    "update_or_create": lambda model: model.objects.update_or_create(pk=1),
    "update": lambda model: model.objects.update(pk=1),
    "delete": lambda model: model.objects.all().delete(),
    "save": lambda model: model(pk=2).save_base(),
    "insert": lambda model: model().save_base(force_insert=True),
    "refresh": lambda model: model(pk=1).refresh_from_db(),
    "delete an instance": lambda model: model(pk=2).delete(),
}


@pytest.mark.django_db
@pytest.mark.parametrize("model", TENANTS_MODELS, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_unbound_every_operation_on_every_model_of_tenants_raises(model, operation):
    with pytest.raises(TenantRequired):
        operation(model)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "follow",
    [
        lambda lead: lead.strategy,
        lambda lead: lead.sub_account,
        lambda lead: list(lead.bookings.all()),
        lambda lead: lead.bookings.create(booking_type="demo", details={}),
        lambda lead: lead.bookings.update(status="confirmed"),
        lambda lead: models.prefetch_related_objects([lead], "bookings"),
        lambda lead: models.prefetch_related_objects([lead], "strategy__regular_user"),
    ],
    ids=["forward", "sub-account", "reverse", "create", "update", "prefetch", "prefetch forward"],
)
def test_unbound_no_relation_can_be_followed(leads, follow):
    lead = Lead(pk=leads[0].pk, strategy_id=leads[0].strategy_id, sub_account_id=leads[0].sub_account_id)

    with pytest.raises(TenantRequired):
        follow(lead)


@pytest.mark.django_db
def test_unbound_bare_sql_finds_nothing_and_writes_nothing(leads):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM leads")
        assert cursor.fetchone() == (0,)
        cursor.execute("UPDATE leads SET name = 'x'")
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM leads")
        assert cursor.rowcount == 0


@pytest.mark.django_db
def test_unbound_there_is_no_scope_to_ask_for():
    assert not is_bound()
    with pytest.raises(TenantRequired):
        current_scope()


@pytest.mark.django_db
@pytest.mark.parametrize("nobody", [0, -1, 2**62])
def test_bound_to_a_sub_account_that_does_not_exist_there_is_nothing(leads, nobody):
    with tenant_scope(nobody):
        assert (Lead.objects.count(), SubAccount.objects.count()) == (0, 0)


@pytest.mark.parametrize("nonsense", ["", "1; RESET ROLE", None, "1 OR true"])
def test_only_numbers_are_sub_accounts(nonsense):
    with pytest.raises((TypeError, ValueError)):
        tenant_scope(nonsense)
