"""What the tests of invitations, registering and joining share."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from urllib.parse import unquote

import pytest
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.jobs import mail_registration
from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from tenants import invitations
from tenants.models import SubAccountInvitation
from tenants.scope import system_scope
from tenants.tests.factories import SubAccountInvitationFactory

AUTH = "/api/v1/auth/"
VALIDATE, REGISTER, REGISTER_AND_JOIN, CONFIRM, LOGIN = (
    f"{AUTH}{name}/" for name in ("invitations/validate", "register", "register-and-join", "register/confirm", "login")
)
ME, JOIN, LEADS = "/api/v1/me/", "/api/v1/me/join/", "/api/v1/leads/"
JSON = "application/json"
CODE = "K7PX2M4Q"
INVALID = (404, "invalid_invitation")


@pytest.fixture
def patient(settings) -> None:
    """No throttle is in the way."""
    settings.INVITATION_THROTTLE = settings.REGISTRATION_THROTTLE = settings.LOGIN_THROTTLE = "100000/60"


@pytest.fixture
def invitation(cast) -> SubAccountInvitation:
    with system_scope("test"):
        return SubAccountInvitationFactory(
            sub_account=cast.acme, created_by_admin=cast.ada, code=invitations.hash_code(CODE)
        )


@pytest.fixture
def newcomer(cast) -> User:
    with system_scope("test"):
        return UserFactory(name="Nia", email="nia@elsewhere.example", sub_account=cast.onboarding)


def post(client: Client, url: str, **body):
    return client.generic("POST", url, json.dumps(body), JSON)


def outcome(answer) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def change(row, **values) -> None:
    with system_scope("test"):
        type(row).objects.filter(pk=row.pk).update(**values)


def found(row):
    with system_scope("test"):
        return type(row).objects.get(pk=row.pk)


def person(**fields) -> dict:
    return {"name": "Bob", "email": "bob@elsewhere.example", "password": PASSWORD, **fields}


def work_off_mails() -> list[str]:
    """Do what the worker does with the mails that wait; return their texts."""
    with system_scope("test"):
        jobs = list(ProcrastinateJob.objects.filter(task_name="accounts.mail_registration").order_by("id"))
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")
    for job in jobs:
        mail_registration.func(**job.args)
    texts = [message.body for message in mail.outbox]
    mail.outbox.clear()
    return texts


def token_in(text: str) -> str:
    return unquote(re.search(r"ring%3Av1\S+|ring:v1\S+", text)[0])


def registered(client: Client, url: str = REGISTER, **fields) -> str:
    """Register and return the token that was mailed."""
    assert post(client, url, **person(**fields)).status_code == 202
    return token_in(work_off_mails()[0])


def unknown(cast, invitation):
    change(invitation, code="another")


def expired(cast, invitation):
    change(invitation, expires_at=timezone.now() - timedelta(seconds=1))


def used_up(cast, invitation):
    change(invitation, max_uses=3, current_uses=3)


def revoked(cast, invitation):
    change(invitation, is_active=False)


def of_a_disabled_sub_account(cast, invitation):
    change(cast.acme, is_active=False)


def into_onboarding(cast, invitation):
    change(invitation, sub_account=cast.onboarding)


def with_a_password(cast, invitation):
    change(invitation, password=make_password("seven copper kettles"))


BROKEN = [unknown, expired, used_up, revoked, of_a_disabled_sub_account, into_onboarding, with_a_password]


def at_once(jobs: list) -> list:
    """Do all at the same time, each in a thread and connection of its own; return what came of them."""
    barrier = Barrier(len(jobs))

    def run(job):
        barrier.wait()
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [done.result() for done in [pool.submit(run, job) for job in jobs]]
