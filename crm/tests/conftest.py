from collections.abc import Callable

import pytest


@pytest.fixture
def row(cast) -> Callable[..., dict]:
    """Return what makes the body of a new lead."""

    def make(**fields) -> dict:
        return {"name": "Joan", "regular_user_id": cast.alice.pk, "strategy_id": cast.acme_strategy.pk, **fields}

    return make
