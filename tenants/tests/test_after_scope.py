"""What is to be done after a scope: once its transaction has ended, whichever way."""

import logging

import pytest

from tenants.models import SubAccount
from tenants.scope import after_scope, is_bound, system_scope, tenant_scope

pytestmark = pytest.mark.django_db


def test_it_runs_after_the_scope_and_outside_of_any(acme):
    calls = []

    with tenant_scope(acme.pk):
        after_scope(lambda: calls.append(is_bound()))
        assert calls == []

    assert calls == [False]


def test_it_runs_when_the_scope_is_rolled_back_and_keeps_what_it_writes(acme):
    def write() -> None:
        with system_scope("afterwards"):
            SubAccount.objects.filter(pk=acme.pk).update(description="written")

    def fail() -> None:
        with tenant_scope(acme.pk):
            SubAccount.objects.filter(pk=acme.pk).update(description="undone", name="undone")
            after_scope(write)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    with system_scope("test"):
        assert SubAccount.objects.values_list("name", "description").get(pk=acme.pk) == ("Acme", "written")


def test_unbound_it_runs_at_once():
    calls = []

    after_scope(lambda: calls.append(is_bound()))

    assert calls == [False]


def test_what_it_raises_is_logged_and_the_others_run(acme, caplog):
    calls = []

    with caplog.at_level(logging.ERROR), tenant_scope(acme.pk):
        after_scope(lambda: 1 / 0)
        after_scope(lambda: calls.append("second"))

    assert calls == ["second"]
    assert [record.exc_info[0] for record in caplog.records] == [ZeroDivisionError]


def test_it_runs_once(acme):
    calls = []

    for _ in range(2):
        with tenant_scope(acme.pk):
            if not calls:
                after_scope(lambda: calls.append("once"))

    assert calls == ["once"]
