"""The cast of every test: acme with alice, globex with mallory, and ada, who looks after the platform."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.contrib.auth.hashers import make_password
from rest_framework.test import APIClient

from accounts.choices import UserRole
from accounts.hashers import Argon2PasswordHasher
from accounts.models import SYSTEM_USER_EMAIL, SYSTEM_USER_ID, User
from accounts.tests.factories import AdminUserFactory, UserFactory, issue_token
from agents.tests.factories import PromptTemplateFactory, StrategyFactory
from security.keys import data_keys
from tenants.models import ONBOARDING_ID, SubAccount
from tenants.scope import system_scope
from tenants.tests.factories import SubAccountFactory


@pytest.fixture(scope="session", autouse=True)
def _light_hashes():
    """Argon2 with the least memory it takes: what it costs is tested where it matters."""
    Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.time_cost = 8, 1


@pytest.fixture(autouse=True)
def _no_keys_of_other_tests():
    """Unwrapped keys are cached by sub-account, and every test makes its own."""
    data_keys.clear()


@pytest.fixture(autouse=True)
def _strangers_at_one_address(settings):
    """All requests of all tests come from one address; the throttle of such has tests of its own."""
    settings.ANONYMOUS_THROTTLE = "1000000/60"


@pytest.fixture
def cast(db) -> SimpleNamespace:
    """Two businesses with an admin and a strategy each, ONBOARDING with its system user, and a platform admin."""
    with system_scope("test"):
        ada = AdminUserFactory(name="Ada", email="ada@loctelli.example")
        onboarding = SubAccount.objects.create(id=ONBOARDING_ID, name="ONBOARDING", created_by_admin=ada)
        system = User.objects.create(
            id=SYSTEM_USER_ID,
            name="System",
            email=SYSTEM_USER_EMAIL,
            role=UserRole.SYSTEM,
            sub_account=onboarding,
            password=make_password(None),
        )
        acme, globex = (SubAccountFactory(name=name, created_by_admin=ada) for name in ("Acme", "Globex"))
        alice = UserFactory(name="Alice", email="alice@acme.example", role=UserRole.ADMIN, sub_account=acme)
        mallory = UserFactory(name="Mallory", email="mallory@globex.example", role=UserRole.ADMIN, sub_account=globex)
        template = PromptTemplateFactory(created_by_admin=ada)
        return SimpleNamespace(
            ada=ada,
            onboarding=onboarding,
            system=system,
            acme=acme,
            globex=globex,
            alice=alice,
            mallory=mallory,
            template=template,
            acme_strategy=StrategyFactory(regular_user=alice, prompt_template=template),
            globex_strategy=StrategyFactory(regular_user=mallory, prompt_template=template),
        )


@pytest.fixture
def acme(cast) -> SubAccount:
    return cast.acme


@pytest.fixture
def globex(cast) -> SubAccount:
    return cast.globex


@pytest.fixture
def alice(cast) -> User:
    return cast.alice


@pytest.fixture
def mallory(cast) -> User:
    return cast.mallory


@pytest.fixture
def ada(cast):
    return cast.ada


def client_of(user: User, **defaults) -> APIClient:
    """Return an API client signed in as a user; bodies are JSON."""
    client = APIClient(**defaults)
    client.default_format = "json"
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_token(user)}")
    return client


@pytest.fixture
def sign_in() -> Callable[[User], APIClient]:
    """Return `client_of`, for the tests of apps that lie below what this module imports."""
    return client_of


@pytest.fixture
def as_alice(alice) -> APIClient:
    return client_of(alice)


@pytest.fixture
def as_mallory(mallory) -> APIClient:
    return client_of(mallory)
