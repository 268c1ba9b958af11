"""Two businesses whose clients send bodies and headers just as a test says, malformed ones too."""

import json
from dataclasses import dataclass

import pytest
from django.test import Client

from accounts.models import AdminUser, User
from accounts.tests.factories import issue_token
from agents.models import PromptTemplate, Strategy
from tenants.models import SubAccount
from tenants.scope import system_scope


@dataclass
class Business:
    """A sub-account with one user and one strategy, and a client that speaks for that user."""

    sub_account: SubAccount
    user: User
    strategy: Strategy

    def send(self, method: str, path: str, data=None, raw: bytes | None = None, **headers):
        body = raw if raw is not None else b"" if data is None else json.dumps(data).encode()
        headers = {"Authorization": f"Bearer {issue_token(self.user)}", **headers}
        client = Client(raise_request_exception=False)
        return client.generic(method, f"/api/v1/{path}", body, "application/json", headers=headers)

    def get(self, path: str):
        return self.send("GET", path)

    def lead(self, **fields) -> dict:
        data = {"name": "Lee", "regular_user_id": self.user.pk, "strategy_id": self.strategy.pk, **fields}
        return self.send("POST", "leads/", data).json()


def errors_of(response) -> list[tuple[str, str]]:
    """Return what an answer finds wrong, (path, code), and make sure of the shape it says it in."""
    assert set(response.json()) == {"code", "detail", "errors"}
    return sorted((error["path"], error["code"]) for error in response.json()["errors"])


def business(pk: int, name: str, admin: AdminUser, template: PromptTemplate) -> Business:
    sub_account = SubAccount.objects.create(pk=pk, name=name, created_by_admin=admin)
    user = User.objects.create(
        pk=pk, name=f"Head of {name}", email=f"head@{name}.example", password="!", role="admin", sub_account=sub_account
    )
    strategy = Strategy.objects.create(
        sub_account=sub_account,
        regular_user=user,
        prompt_template=template,
        **dict.fromkeys(
            ("name", "ai_name", "ai_role", "conversation_tone", "qualification_questions", "objection_handling"), "x"
        ),
        closing_strategy="x",
    )
    return Business(sub_account, user, strategy)


@pytest.fixture
def businesses(db) -> tuple[Business, Business]:
    with system_scope("a test's cast"):
        admin = AdminUser.objects.create(name="Root", email="root@loctelli.example", password="!")
        template = PromptTemplate.objects.create(name="Base", base_system_prompt="x", created_by_admin=admin)
        # Number 1 is ONBOARDING's and the system user's.
        return business(1001, "one", admin, template), business(1002, "two", admin, template)


@pytest.fixture
def one(businesses) -> Business:
    return businesses[0]


@pytest.fixture
def two(businesses) -> Business:
    return businesses[1]
