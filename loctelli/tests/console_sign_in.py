"""Signing in to the console as a browser does, and what became of it."""

from django.test import Client
from django.urls import reverse

from accounts.tests.factories import PASSWORD
from security.models import AuthAttempt
from tenants.scope import system_scope

LOGIN, CODE, INDEX = (reverse(f"console:{name}") for name in ("login", "login_code", "index"))


def give_password(client: Client, admin, password: str = PASSWORD):
    return client.post(LOGIN, {"username": admin.email, "password": password})


def is_inside(client: Client) -> bool:
    return client.get(INDEX).status_code == 200


def attempts() -> list[tuple]:
    with system_scope("test"):
        rows = AuthAttempt.objects.order_by("created_at", "id")
        return list(rows.values_list("email", "account_type", "success", "failure_reason"))
