"""What the tests of closing a sub-account stand on."""

from types import SimpleNamespace

import pytest

from crm.tests.factories import LeadFactory
from loctelli.offboarding import archive
from loctelli.tests.console_cast import fill
from tenants.scope import system_scope


@pytest.fixture
def rows(cast, monkeypatch) -> SimpleNamespace:
    """One row of every model in both businesses, four leads more in acme, and archives in parts of two rows."""
    monkeypatch.setattr(archive, "ROWS_A_PART", 2)
    found = fill(cast)
    with system_scope("test"):
        LeadFactory.create_batch(4, strategy=cast.acme_strategy)
    return found
