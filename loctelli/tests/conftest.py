"""What the tests of the console and of the walls stand on."""

from types import SimpleNamespace

import pytest
from django.test import Client

from crm.models import Lead
from crm.tests.factories import LeadFactory
from loctelli.tests.console_cast import fill, signed_in
from tenants.scope import system_scope


@pytest.fixture
def rows(cast) -> SimpleNamespace:
    """One row of every model in both businesses."""
    return fill(cast)


@pytest.fixture
def console(ada) -> Client:
    """Ada's session in the console."""
    return signed_in(ada)


@pytest.fixture
def leads(cast) -> tuple[Lead, Lead]:
    """A lead of acme's and one of globex's."""
    with system_scope("test"):
        return LeadFactory(name="Own", strategy=cast.acme_strategy), LeadFactory(
            name="Foreign", strategy=cast.globex_strategy
        )
