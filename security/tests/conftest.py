from collections.abc import Callable

import pytest
from django.apps import apps
from django.db import models


@pytest.fixture
def unsaved_lead(cast) -> Callable[..., models.Model]:
    """Return a function that makes a lead of Alice's, not saved yet. Leads lie above this app: reached by name."""

    def make(**fields) -> models.Model:
        people = {"regular_user_id": cast.alice.pk, "strategy_id": cast.acme_strategy.pk}
        return apps.get_model("crm.Lead")(**{"name": "Lea", **people, **fields})

    return make
