"""Who acts, as the audit trail is told."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.scope import act_as, acting, current_actor, system_scope, tenant_scope


def test_who_acts_outside_of_a_request_is_forgotten_with_the_scope(cast):
    with system_scope("first"):
        act_as(type="admin", id=cast.ada.pk, name="Ada")
        named = current_actor()["name"]
    with system_scope("second"):
        assert (named, current_actor()) == ("Ada", {"type": "system", "name": "second"})


def test_nobody_is_remembered_where_neither_a_request_nor_a_scope_would_forget_them(cast):
    act_as(type="admin", id=cast.ada.pk, name="Ada")

    assert current_actor() == {"type": "system", "name": ""}


def test_who_acts_in_a_request_stays_for_all_of_its_scopes_and_costs_no_statement(cast):
    with acting(address="203.0.113.9"):
        with tenant_scope(cast.acme.pk), CaptureQueriesContext(connection) as queries:
            act_as(type="user", id=cast.alice.pk, name="Alice")
        with system_scope("afterwards"):
            named = current_actor()

    assert named == {"address": "203.0.113.9", "type": "user", "id": cast.alice.pk, "name": "Alice"}
    assert len(queries) == 0
