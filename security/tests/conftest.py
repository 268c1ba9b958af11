from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from security.keys import data_keys
from tenants.scope import system_scope

STRATEGY_TEXTS = [
    "name",
    "ai_name",
    "ai_role",
    "conversation_tone",
    "qualification_questions",
    "objection_handling",
    "closing_strategy",
]


@pytest.fixture(autouse=True)
def fresh_data_keys() -> Iterator[None]:
    """No test sees a data key that another one, whose rows are gone, has left in the process."""
    data_keys.clear()
    yield
    data_keys.clear()


@pytest.fixture
def other_ring(monkeypatch) -> None:
    """The ring of another installation."""
    monkeypatch.setattr(settings, "ENCRYPTION_KEYS", ["other:" + "b3RoZXIgcmluZyBvZiAzMiBieXRlcyBmb3IgdGVzdCE="])


@pytest.fixture
def unsaved_lead(acme, alice, ada) -> Callable[..., models.Model]:
    """Return a function that makes a lead of Alice's, not saved yet. The apps above are reached by name."""
    with system_scope("a strategy for tests"):
        template = apps.get_model("agents.PromptTemplate").objects.create(
            name="Sales", base_system_prompt="Sell.", created_by_admin_id=ada.pk
        )
        strategy = apps.get_model("agents.Strategy").objects.create(
            sub_account_id=acme.pk,
            regular_user_id=alice.pk,
            prompt_template=template,
            **dict.fromkeys(STRATEGY_TEXTS, "as usual"),
        )

    def make(**fields) -> models.Model:
        return apps.get_model("crm.Lead")(
            **{"name": "Lea", "regular_user_id": alice.pk, "strategy_id": strategy.pk, **fields}
        )

    return make
