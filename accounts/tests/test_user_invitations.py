"""An admin invites people by address: nobody learns who has an account, and each chooses their own password."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import onboarding
from accounts.choices import UserRole
from accounts.jobs import mail_user_invitation
from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from security.throttling import Rate
from tenants.models import SubAccount
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db

INVITE, USERS = "/api/v1/users/invite/", "/api/v1/users/"
CONFIRM, LOGIN = "/api/v1/auth/register/confirm/", "/api/v1/auth/login/"
CAROL = {"name": "Carol", "email": "Carol@Acme.example ", "role": "manager", "company": "Carol & Co"}


def work_off_mails() -> list[str]:
    """Do what the worker does with the invitations that wait; return their mails' texts."""
    with system_scope("test"):
        jobs = list(ProcrastinateJob.objects.filter(task_name=mail_user_invitation.name).order_by("id"))
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")
    for job in jobs:
        mail_user_invitation.func(**job.args)
    texts = [message.body for message in mail.outbox]
    mail.outbox.clear()
    return texts


def token_in(text: str) -> str:
    return re.search(r"ring:v1:\S+", text)[0]


def post(url: str, **body):
    return Client().post(url, body, content_type="application/json")


def outcome(answer) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def change(row, **values) -> None:
    with system_scope("test"):
        type(row)._default_manager.filter(pk=row.pk).update(**values)


def test_who_is_invited_chooses_a_password_and_is_a_colleague(cast, as_alice):
    asked = as_alice.post(INVITE, CAROL)
    before = as_alice.get(f"{USERS}?count=true").json()["count"]
    (text,) = work_off_mails()

    made = post(CONFIRM, token=token_in(text), password=PASSWORD)

    assert (asked.status_code, asked.json()) == (202, {"detail": "A mail is on its way to carol@acme.example."})
    assert (before, "Acme invites you" in text) == (1, True)
    assert made.status_code == 201
    expected = {"name": "Carol", "email": "carol@acme.example", "role": "manager", "company": "Carol & Co"}
    assert {name: made.json()[name] for name in expected} == expected
    with system_scope("test"):
        carol = User.objects.get(pk=made.json()["id"])
    assert (carol.sub_account_id, carol.created_by_admin_id) == (cast.acme.pk, cast.ada.pk)
    assert post(LOGIN, email="carol@acme.example", password=PASSWORD).json()["user"]["id"] == carol.pk


def test_the_answer_and_what_is_done_for_it_are_the_same_whoever_has_the_address(cast, as_alice):
    """Unknown, a user of another sub-account, one in ONBOARDING and a platform admin."""
    with system_scope("test"):
        waiting = UserFactory(sub_account=cast.onboarding)
    addresses = ["nobody@x.example", cast.mallory.email, waiting.email, cast.ada.email]
    as_alice.post(INVITE, {**CAROL, "email": "warm@x.example"})
    seen = []

    for email in addresses:
        with CaptureQueriesContext(connection) as queries:
            answer = as_alice.post(INVITE, {**CAROL, "email": email})
        told = answer.json()["detail"].replace(email, "…")
        seen.append((answer.status_code, told, sorted(answer.headers), len(queries)))

    assert seen == [seen[0]] * 4
    texts = work_off_mails()[1:]
    assert ["has an account already" in text for text in texts] == [False, True, True, False]
    assert all("invites you" in text for text in texts)


def test_a_colleague_is_named_as_such_for_everybody_there_sees_them(cast, as_alice):
    answer = as_alice.post(INVITE, {**CAROL, "email": cast.alice.email.upper()})

    assert [(error["path"], error["code"]) for error in answer.json()["errors"]] == [("email", "unique")]
    assert work_off_mails() == []


def test_what_waits_for_the_worker_holds_no_token(as_alice):
    as_alice.post(INVITE, CAROL)

    with system_scope("test"):
        (job,) = ProcrastinateJob.objects.filter(task_name=mail_user_invitation.name)
    assert "ring:v1" not in str(job.args)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"role": "system"}, ("role", "invalid_choice")),
        ({"role": "super_admin"}, ("role", "invalid_choice")),
        ({"email": "nonsense"}, ("email", "invalid")),
        ({"password": PASSWORD}, ("password", "unknown_field")),
        ({"sub_account_id": 1}, ("sub_account_id", "unknown_field")),
    ],
)
def test_what_nobody_is_invited_as(as_alice, fields, error):
    answer = as_alice.post(INVITE, {**CAROL, **fields})

    assert (answer.status_code, [(e["path"], e["code"]) for e in answer.json()["errors"]]) == (400, [error])


def demoted(cast) -> None:
    change(cast.alice, role=UserRole.USER)


def gone(cast) -> None:
    change(cast.alice, is_active=False)


def moved(cast) -> None:
    with system_scope("test"):
        cast.acme_strategy.delete()
    change(cast.alice, sub_account_id=cast.globex.pk)


def closed(cast) -> None:
    with system_scope("test"):
        SubAccount.objects.filter(pk=cast.acme.pk).update(is_active=False)


def taken(cast) -> None:
    with system_scope("test"):
        UserFactory(email="carol@acme.example", sub_account=cast.globex)


@pytest.mark.parametrize("end", [demoted, gone, moved, closed, taken])
def test_an_invitation_ends_with_the_rights_of_whose_it_is(cast, as_alice, end):
    as_alice.post(INVITE, CAROL)
    (text,) = work_off_mails()
    end(cast)

    assert outcome(post(CONFIRM, token=token_in(text), password=PASSWORD)) == (404, "invalid_registration")


@pytest.mark.parametrize("end", [demoted, gone, closed])
def test_nothing_is_mailed_for_whom_has_no_rights_any_more(cast, as_alice, end):
    as_alice.post(INVITE, CAROL)
    end(cast)

    assert work_off_mails() == []


def test_an_invitation_is_accepted_once_within_a_week(cast, as_alice):
    as_alice.post(INVITE, CAROL)
    token = token_in(work_off_mails()[0])
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=5)):
        late = outcome(post(CONFIRM, token=token, password=PASSWORD))
    weak = post(CONFIRM, token=token, password="short")

    answers = [outcome(post(CONFIRM, token=token, password=PASSWORD)) for _ in range(2)]

    assert late == (404, "invalid_registration")
    assert (weak.status_code, weak.json()["errors"][0]["path"]) == (400, "password")
    assert answers == [(201, ""), (404, "invalid_registration")]


def test_neither_a_mailbox_nor_half_the_world_is_filled(cast, as_alice, monkeypatch):
    for _ in range(5):
        as_alice.post(INVITE, CAROL)
    to_one = len(work_off_mails())
    monkeypatch.setattr(onboarding, "MAILS_OF_ONE_SUB_ACCOUNT", Rate(7, 86_400))
    for number in range(9):
        as_alice.post(INVITE, {**CAROL, "email": f"p{number}@x.example"})

    assert to_one == 3
    assert len(work_off_mails()) == 7


def test_the_name_of_a_sub_account_stays_one_line_of_the_mail(cast, as_alice):
    change(cast.acme, name="Acme\n\nBuy now: https://spam.example\n" + "x" * 500)
    as_alice.post(INVITE, CAROL)

    (text,) = work_off_mails()

    assert "Acme Buy now: https://spam.example x" in text
    assert len(text) < 1500
