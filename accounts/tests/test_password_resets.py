"""A forgotten password: a mailed token that sets a new one, and an answer that tells nothing."""

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import jobs, password_resets
from accounts.models import User
from accounts.password_changes import change_password
from accounts.tests.factories import PASSWORD, issue_token
from accounts.tests.passwords_cast import (
    FORGOTTEN,
    INVALID,
    LOGIN,
    ME,
    NEW,
    RESET,
    bearer,
    change,
    fresh,
    outcome,
    post,
    sign_in,
)
from tenants.models import SubAccount
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patient(settings):
    settings.LOGIN_THROTTLE = settings.PASSWORD_THROTTLE = settings.PASSWORD_MAIL_THROTTLE = "100000/60"


def work_off_mails() -> list[str]:
    """Do what the worker does with the mails that wait; return their texts."""
    with system_scope("test"):
        waiting = list(ProcrastinateJob.objects.filter(task_name="accounts.mail_password_reset").order_by("id"))
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")
    for job in waiting:
        jobs.mail_password_reset.func(**job.args)
    texts = [f"{message.to[0]} {message.body}" for message in mail.outbox]
    mail.outbox.clear()
    return texts


def mailed_token(user) -> str:
    assert post(FORGOTTEN, email=user.email).status_code == 202
    (text,) = work_off_mails()
    return re.search(r"^\w+-\w+-\w+$", text, re.MULTILINE)[0]


def test_a_mailed_token_sets_a_new_password_once_and_ends_all_sessions(alice):
    old = sign_in(alice).json()
    token = mailed_token(alice)

    answers = [post(RESET, token=token, password=password) for password in (NEW, f"{NEW} again")]

    assert [outcome(answer) for answer in answers] == [(204, ""), INVALID]
    assert bearer(old["access_token"]).get(ME).status_code == 401
    assert (sign_in(alice).status_code, sign_in(alice, NEW).status_code) == (401, 200)


def test_a_mailed_token_holds_for_half_an_hour(alice):
    with time_machine.travel(timezone.now() - timedelta(minutes=31)):
        late = mailed_token(alice)
    with time_machine.travel(timezone.now() - timedelta(minutes=29)):
        timely = mailed_token(alice)

    assert outcome(post(RESET, token=late, password=NEW)) == INVALID
    assert outcome(post(RESET, token=timely, password=NEW)) == (204, "")


def sign_in_meanwhile(cast) -> None:
    sign_in(cast.alice)


def change_meanwhile(cast) -> None:
    change_password(fresh(cast.alice), f"{NEW} before")


def disable(cast) -> None:
    change(User, cast.alice.pk, is_active=False)


def disable_sub_account(cast) -> None:
    change(SubAccount, cast.acme.pk, is_active=False)


def rename(cast) -> None:
    change(User, cast.alice.pk, email="alice@elsewhere.example")


@pytest.mark.parametrize("happen", [sign_in_meanwhile, change_meanwhile, disable, disable_sub_account, rename])
def test_a_mailed_token_ends_when_its_account_changes(cast, happen):
    token = mailed_token(cast.alice)

    happen(cast)

    assert outcome(post(RESET, token=token, password=NEW)) == INVALID


def test_a_weak_password_does_not_use_the_token_up(alice):
    token = mailed_token(alice)

    answers = [post(RESET, token=token, password=password) for password in ("short", PASSWORD, NEW)]

    assert [answer.status_code for answer in answers] == [400, 400, 204]


@pytest.mark.parametrize(
    "token", ["x", "a-b-c", "-", "0-0-0", "zzzzzzzzzzzzz-a-b", "zzzzzzzzzzzzzz-a-b", "é-é-é", "a" * 500]
)
def test_a_token_that_is_none_sets_nothing(alice, token):
    assert outcome(post(RESET, token=token, password=NEW)) == INVALID


def test_a_token_of_another_s_is_its_own_alone(cast):
    number, _, signature = mailed_token(cast.mallory).partition("-")
    _, _, of_alice = password_resets.reset_token(fresh(cast.alice)).partition("-")

    assert outcome(post(RESET, token=f"{number}-{of_alice}", password=NEW)) == INVALID
    assert outcome(post(RESET, token=f"{number}-{signature}", password=NEW)) == (204, "")


def test_the_answer_is_the_same_whether_there_is_an_account_and_so_is_what_is_done_for_it(cast):
    change(User, cast.mallory.pk, is_active=False)
    emails = [cast.alice.email, "nobody@nowhere.example", cast.mallory.email, cast.system.email, cast.ada.email]
    answers, statements = set(), set()

    for email in emails:
        with CaptureQueriesContext(connection) as queries:
            answer = post(FORGOTTEN, email=email)
        answers.add((answer.status_code, answer.content, tuple(sorted(answer.headers))))
        statements.add(tuple(re.sub(r"s\d+_x\d+", "", query["sql"])[:40] for query in queries))

    assert len(answers) == 1
    assert len(statements) == 1
    assert [text.split()[0] for text in work_off_mails()] == [cast.alice.email]


def test_what_waits_for_the_worker_holds_no_token(alice):
    post(FORGOTTEN, email=alice.email)

    with system_scope("test"):
        assert ProcrastinateJob.objects.get(task_name="accounts.mail_password_reset").args == {"email": alice.email}


def test_mails_to_one_address_are_few_and_the_answer_stays_the_same(alice, settings):
    settings.PASSWORD_MAIL_THROTTLE = "2/3600"

    answers = {post(FORGOTTEN, email=email).status_code for email in (alice.email, alice.email.upper()) * 3}

    assert answers == {202}
    assert len(work_off_mails()) == 2


@pytest.mark.parametrize("path", [FORGOTTEN, RESET])
def test_one_address_asks_no_more_often_than_it_may(alice, settings, path):
    settings.PASSWORD_THROTTLE = "2/3600"
    body = {"email": alice.email} if path == FORGOTTEN else {"token": "x", "password": NEW}

    assert [post(path, **body).status_code for _ in range(3)][2] == 429


def test_the_mail_links_to_the_front_end(alice, settings):
    settings.FRONTEND_PASSWORD_RESET_URL = "https://app.example.com/reset?token={token}"
    post(FORGOTTEN, email=alice.email)

    (text,) = work_off_mails()

    token = unquote(re.search(r"https://app\.example\.com/reset\?token=(\S+)", text)[1])
    assert outcome(post(RESET, token=token, password=NEW)) == (204, "")


@pytest.mark.parametrize("email", ["ALICE@ACME.EXAMPLE", "ａlice@acme.example"])
def test_an_address_in_any_case_and_form_is_one_account(alice, email):
    assert post(FORGOTTEN, email=email).status_code == 202
    assert len(work_off_mails()) == 1
    assert post(LOGIN, email=email, password=PASSWORD).status_code == 200
    invited = post("/api/v1/users/invite/", bearer(issue_token(alice)), name="Al", email=email)
    assert invited.json()["errors"][0]["code"] == "unique"


def test_an_admin_s_password_is_no_business_of_the_api(ada):
    post(FORGOTTEN, email=ada.email)

    assert work_off_mails() == []
