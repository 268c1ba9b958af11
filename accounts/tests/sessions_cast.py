"""What the tests of sessions over the API share."""

from datetime import timedelta

from django.test import Client

from accounts.tests.factories import PASSWORD
from security.models import RefreshToken, SecurityIncident
from tenants.scope import system_scope

LOGIN, REFRESH, LOGOUT = (f"/api/v1/auth/{name}/" for name in ("login", "refresh", "logout"))
ME, SESSIONS, LEADS = "/api/v1/me/", "/api/v1/me/sessions/", "/api/v1/leads/"
ENDED = (401, "invalid_refresh_token")
DAY = timedelta(days=1)


def post(path: str, **body):
    return Client().post(path, body, content_type="application/json")


def sign_in(user, agent: str = "tests", **body) -> dict:
    body = {"email": user.email, "password": PASSWORD, **body}
    return Client().post(LOGIN, body, content_type="application/json", headers={"User-Agent": agent}).json()


def refresh(token: str):
    return post(REFRESH, refresh_token=token)


def outcome(answer) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "") if answer.content else ""


def bearer(answer: dict) -> Client:
    return Client(headers={"Authorization": f"Bearer {answer['access_token']}"})


def status(answer: dict) -> int:
    return bearer(answer).get(ME).status_code


def change(model, pk, **values) -> None:
    with system_scope("test"):
        model.objects.filter(pk=pk).update(**values)


def rows(**condition) -> list[RefreshToken]:
    with system_scope("test"):
        return list(RefreshToken.objects.filter(**condition).order_by("created_at", "pk"))


def age(by: timedelta) -> None:
    """Let everything that has happened to sessions have happened so much earlier."""
    with system_scope("test"):
        for row in RefreshToken.objects.all():
            for name in ("created_at", "expires_at", "rotated_at", "session_started_at", "session_expires_at"):
                value = getattr(row, name)
                setattr(row, name, value and value - by)
            row.save()


def incidents() -> list[tuple]:
    with system_scope("test"):
        return list(SecurityIncident.objects.values_list("type", "user_id", "sub_account_id"))
