"""What the tests of sealed columns and of the audit trail stand on."""

from collections.abc import Callable

import pytest

from crm.models import Lead
from crm.tests.factories import LeadFactory
from security.models import AuditEntry
from security.tests.trail_entries import entries
from tenants.scope import system_scope


@pytest.fixture
def unsaved_lead(cast) -> Callable[..., Lead]:
    """Return a function that makes a lead of Alice's, not saved yet."""

    def make(**fields) -> Lead:
        people = {"regular_user_id": cast.alice.pk, "strategy_id": cast.acme_strategy.pk}
        return Lead(**{"name": "Lea", **people, **fields})

    return make


@pytest.fixture
def lead(cast) -> Lead:
    """A lead of acme's."""
    with system_scope("test"):
        return LeadFactory(strategy=cast.acme_strategy, name="Grace", email="grace@x.example")


@pytest.fixture
def entry(lead) -> AuditEntry:
    """What the trail says of that lead's creation."""
    return entries(action="create")[0]
