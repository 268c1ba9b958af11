"""Who may do what: every endpoint against a table written by hand, from the code and by real requests."""

import pytest
from django.db.models import CharField
from django.test import Client

from accounts.choices import UserRole
from accounts.models import User
from accounts.permissions import RANKS, required_role
from accounts.tests.factories import UserFactory, issue_token
from loctelli.tests.isolation_endpoints import Endpoint, endpoints
from loctelli.tests.isolation_values import MISSING
from loctelli.tests.test_isolation_guards import OF_NO_SUB_ACCOUNT
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db

ADMIN, MANAGER, USER = "admin", "manager", "user"
# The lowest role that may, in the order: list or read, create, change, delete; None where there is no such endpoint.
RESOURCES = {
    "me": (USER, None, USER, None),
    "sub-account": (USER, None, ADMIN, None),
    "users": (USER, None, ADMIN, ADMIN),
    "prompt-templates": (USER, None, None, None),
    "chosen-prompt-templates": (USER, None, None, None),
    "strategies": (USER, MANAGER, MANAGER, MANAGER),
    "leads": (USER, USER, USER, MANAGER),
    "bookings": (USER, USER, USER, MANAGER),
    "conversation-messages": (USER, None, None, None),
    "contact-submissions": (USER, None, USER, MANAGER),
    "form-submissions": (USER, None, USER, MANAGER),
    "form-templates": (USER, MANAGER, MANAGER, MANAGER),
    "integration-templates": (USER, None, None, None),
    "integrations": (MANAGER, ADMIN, ADMIN, ADMIN),
    "security-incidents": (ADMIN, None, None, None),
    "audit-entries": (ADMIN, None, None, None),
}
# What isn't the resource or one row of it, by method and path.
ACTIONS = {
    "bookings/export": ("GET", MANAGER),
    "contact-submissions/export": ("GET", MANAGER),
    "form-submissions/export": ("GET", MANAGER),
    "leads/export": ("GET", MANAGER),
    "leads/bulk": ("POST", USER),
    "leads/bulk-update": ("POST", MANAGER),
    "leads/bulk-delete": ("POST", MANAGER),
    "users/invite": ("POST", ADMIN),
    "users/{pk}/reassign": ("POST", ADMIN),
    "strategies/{pk}/duplicate": ("POST", MANAGER),
    "strategies/{pk}/reassign": ("POST", MANAGER),
    "prompt-templates/{pk}/activate": ("POST", MANAGER),
    "contact-submissions/{pk}/notes": ("POST", USER),
    "form-submissions/{pk}/notes": ("POST", USER),
}
METHODS = ("GET", "POST", "PATCH", "DELETE")
WALKED = [endpoint for endpoint in endpoints() if endpoint.view not in OF_NO_SUB_ACCOUNT]


def lowest_role(endpoint: Endpoint) -> str | None:
    """Return what the tables say of an endpoint."""
    path = endpoint.path.removeprefix("/api/v1/").strip("/")
    if path in ACTIONS:
        return ACTIONS[path][1]
    return RESOURCES[path.removesuffix("/{pk}")][METHODS.index(endpoint.method)]


def missing_key(endpoint: Endpoint) -> int | str:
    return MISSING[str if isinstance(endpoint.model._meta.pk, CharField) else int]


def send(endpoint: Endpoint, user: User) -> tuple[int, str]:
    """Return status and code of a request for what doesn't exist, or that says nothing: enough for the permission."""
    path = endpoint.path.replace("{pk}", str(missing_key(endpoint)))
    authorization = {"Authorization": f"Bearer {issue_token(user)}"}
    response = Client().generic(endpoint.method, path, b"{}", "application/json", headers=authorization)
    return response.status_code, response.json().get("code", "") if response.status_code >= 400 else ""


def test_the_code_says_what_the_table_says_cell_by_cell():
    declared = {str(endpoint): required_role(endpoint.view, endpoint.action).value for endpoint in WALKED}

    assert declared == {str(endpoint): lowest_role(endpoint) for endpoint in WALKED}


def test_the_table_has_no_cell_without_an_endpoint():
    walked = {(endpoint.path.removeprefix("/api/v1/").strip("/"), endpoint.method) for endpoint in WALKED}
    resources = {
        (resource, method)
        for resource, roles in RESOURCES.items()
        for method, role in zip(METHODS, roles, strict=True)
        if role is not None
    }
    found = {(path.removesuffix("/{pk}"), method) for path, method in walked if path not in ACTIONS}

    assert resources == found
    assert {(path, method) for path, (method, _) in ACTIONS.items()} <= walked


@pytest.mark.parametrize("role", [ADMIN, MANAGER, USER])
def test_a_role_gets_as_far_as_the_table_says_and_no_further(acme, role):
    with system_scope("test"):
        user = UserFactory(sub_account=acme, role=role)

    wrong = []
    for endpoint in WALKED:
        status, code = send(endpoint, user)
        may = RANKS[UserRole(role)] >= RANKS[UserRole(lowest_role(endpoint))]
        if (status, code) == (403, "permission_denied") if may else (status, code) != (403, "permission_denied"):
            wrong.append((str(endpoint), status, code))

    assert wrong == []


def test_people_in_onboarding_reach_their_own_profile_alone(cast):
    with system_scope("test"):
        newcomer = UserFactory(sub_account=cast.onboarding, role=UserRole.ADMIN)

    reached = [str(endpoint) for endpoint in WALKED if send(endpoint, newcomer) != (403, "onboarding")]

    assert reached == ["GET /api/v1/me/", "PATCH /api/v1/me/"]
    own_profile = next(endpoint for endpoint in WALKED if str(endpoint) == reached[0])
    assert send(own_profile, newcomer)[0] == 200


def test_the_system_user_reaches_nothing(cast):
    answers = {send(endpoint, cast.system)[0] for endpoint in WALKED}

    assert answers == {403}


def test_nobody_reaches_nothing():
    wrong = []
    for endpoint in WALKED:
        path = endpoint.path.replace("{pk}", str(missing_key(endpoint)))
        response = Client().generic(endpoint.method, path, b"{}", "application/json")
        answer = (response.status_code, response.json()["code"], response.headers.get("WWW-Authenticate"))
        if answer != (401, "not_authenticated", 'Bearer realm="loctelli"'):
            wrong.append((str(endpoint), answer))

    assert wrong == []
