"""Passwords: what they must be, which can't come again, how they are changed, and how a forgotten one is replaced."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from urllib.parse import unquote

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import jobs, password_changes, password_resets
from accounts.hashers import Argon2PasswordHasher
from accounts.models import User
from accounts.password_changes import change_password, require_password_change
from accounts.tests.factories import PASSWORD, UserFactory, issue_token
from loctelli.errors import InvalidRequest
from security.models import PasswordHistory
from tenants.models import SubAccount
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db

LOGIN, FORGOTTEN, RESET = (f"/api/v1/auth/{name}/" for name in ("login", "password/forgotten", "password/reset"))
ME, PASSWORD_PATH, SESSIONS, LEADS = (f"/api/v1/{name}/" for name in ("me", "me/password", "me/sessions", "leads"))
NEW = "nine quiet harbour lamps"
INVALID = (403, "invalid_reset_token")


@pytest.fixture(autouse=True)
def _patient(settings):
    settings.LOGIN_THROTTLE = settings.PASSWORD_THROTTLE = settings.PASSWORD_MAIL_THROTTLE = "100000/60"


def post(path: str, client: Client | None = None, **body):
    return (client or Client()).post(path, body, content_type="application/json")


def outcome(answer) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "") if answer.content else ""


def sign_in(user, password: str = PASSWORD):
    return post(LOGIN, email=user.email, password=password)


def bearer(token) -> Client:
    return Client(headers={"Authorization": f"Bearer {token}"})


def fresh(account):
    with system_scope("test"):
        return (
            type(account)
            .objects.select_related(*(["sub_account"] if isinstance(account, User) else []))
            .get(pk=account.pk)
        )


def history(account) -> int:
    with system_scope("test"):
        return PasswordHistory.objects.filter(user_id=account.pk).count()


def change(model, pk, **values) -> None:
    with system_scope("test"):
        model.objects.filter(pk=pk).update(**values)


def refusal(account, password: str) -> set[str]:
    """Return the codes that a new password is refused with."""
    with pytest.raises(InvalidRequest) as refused:
        change_password(fresh(account), password)
    assert {error["path"] for error in refused.value.errors} == {"password"}
    return {error["code"] for error in refused.value.errors}


# What a password must be.


@pytest.mark.parametrize(
    ("name", "password", "codes"),
    [
        ("alice", "kx9q-zu", {"password_too_short"}),
        ("ada", "kx9q-zuvw7p", {"password_too_short"}),
        ("alice", "x" * 4097, {"password_too_long"}),
        ("alice", "x" * 1_000_000, {"password_too_long"}),
        ("alice", "password1", {"password_too_common"}),
        ("alice", "sunshine1", {"password_too_common"}),
        ("alice", "alice@acme.example", {"password_too_similar"}),
        ("alice", "", {"password_too_short"}),
    ],
)
def test_what_a_password_can_not_be(cast, name, password, codes):
    started = time.perf_counter()

    assert refusal(getattr(cast, name), password) == codes
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("name", "password"),
    [("alice", "kx9q-zuv"), ("ada", "kx9q-zuvw7pm"), ("alice", "onlylowercaseletters"), ("alice", "ж" * 4096)],
)
def test_what_it_can_be(cast, name, password):
    account = getattr(cast, name)

    assert change_password(fresh(account), password)
    assert fresh(account).check_password(password)


@pytest.mark.parametrize("password", ["x" * 4096, "ж" * 4096])
def test_4096_characters_sign_in_and_more_are_refused_in_bounded_time(alice, password):
    change_password(fresh(alice), password)
    started = time.perf_counter()

    assert sign_in(alice, password).status_code == 200
    assert outcome(sign_in(alice, password + "x")) == (400, "validation_error")
    assert time.perf_counter() - started < 2


# Which can't come again.


@pytest.mark.parametrize(("name", "refused"), [("alice", 5), ("ada", 10)])
def test_the_last_passwords_are_refused_the_first_one_included(cast, name, refused):
    account = getattr(cast, name)
    used = [PASSWORD, *(f"{NEW} number {number}" for number in range(refused))]
    for password in used[1:-1]:
        assert change_password(fresh(account), password)

    assert [refusal(account, password) for password in used[:-1]] == [{"password_used_before"}] * refused
    assert change_password(fresh(account), used[-1])
    assert change_password(fresh(account), PASSWORD)
    assert history(account) == refused - 1


def test_a_change_hashes_no_more_often_than_passwords_are_refused(ada, monkeypatch):
    for number in range(15):
        change_password(fresh(ada), f"{NEW} number {number}")
    hashed, verify = [], Argon2PasswordHasher.verify
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda *args: hashed.append(1) or verify(*args))

    change_password(fresh(ada), NEW)

    assert len(hashed) == password_changes.REFUSED["admin"]


def test_of_an_account_without_a_password_nothing_is_kept(cast):
    with system_scope("test"):
        user = UserFactory(sub_account=cast.acme, password="!unusable")

    assert change_password(fresh(user), NEW)
    assert history(user) == 0


# Changing it.


def test_whoever_changes_it_goes_on_and_all_other_sessions_end(alice):
    here, elsewhere = sign_in(alice).json(), sign_in(alice).json()

    answer = post(PASSWORD_PATH, bearer(here["access_token"]), current_password=PASSWORD, password=NEW)

    body = answer.json()
    assert (answer.status_code, body.keys()) == (200, {"access_token", "token_type", "expires_in"})
    assert [bearer(token).get(ME).status_code for token in (here["access_token"], elsewhere["access_token"])] == [
        401
    ] * 2
    assert bearer(body["access_token"]).get(ME).status_code == 200
    refreshed = [post("/api/v1/auth/refresh/", refresh_token=each["refresh_token"]) for each in (here, elsewhere)]
    assert [each.status_code for each in refreshed] == [200, 401]
    assert (sign_in(alice).status_code, sign_in(alice, NEW).status_code) == (401, 200)


def test_the_old_password_is_asked_and_counted(alice, settings):
    settings.PASSWORD_THROTTLE = "3/3600"
    client = bearer(issue_token(alice))

    answers = [post(PASSWORD_PATH, client, current_password="wrong", password=NEW) for _ in range(4)]

    assert [outcome(answer) for answer in answers] == [(403, "wrong_password")] * 3 + [(429, "throttled")]
    assert fresh(alice).check_password(PASSWORD)


def test_a_weak_new_one_is_refused_at_its_field_and_changes_nothing(alice):
    answer = post(PASSWORD_PATH, bearer(issue_token(alice)), current_password=PASSWORD, password="short")

    assert answer.status_code == 400
    assert [(error["path"], error["code"]) for error in answer.json()["errors"]] == [("password", "password_too_short")]
    assert fresh(alice).check_password(PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_of_changes_at_once_one_is_made(cast):
    users, barrier = [fresh(cast.alice) for _ in range(6)], Barrier(6)

    def work(number: int) -> bool:
        barrier.wait()
        try:
            return change_password(users[number], f"{NEW} number {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(work, range(6)))

    assert sorted(made) == [False] * 5 + [True]
    assert fresh(cast.alice).check_password(f"{NEW} number {made.index(True)}")
    assert history(cast.alice) == 1


# Having to change it.


def test_whoever_has_to_change_it_can_do_that_and_sign_out_and_nothing_else(alice):
    token = sign_in(alice).json()
    client = bearer(token["access_token"])
    require_password_change(alice)

    assert [outcome(client.get(path)) for path in (LEADS, "/api/v1/sub-account/")] == [
        (403, "password_change_required")
    ] * 2
    assert [client.get(path).status_code for path in (ME, SESSIONS)] == [200, 200]
    assert outcome(post("/api/v1/me/join/", client, code="K7PX2M4Q")) == (403, "password_change_required")

    answer = post(PASSWORD_PATH, client, current_password=PASSWORD, password=NEW)

    assert bearer(answer.json()["access_token"]).get(LEADS).status_code == 200
    assert post("/api/v1/auth/logout/", refresh_token=token["refresh_token"]).status_code == 204


def test_it_holds_for_new_sign_ins_too(alice):
    require_password_change(alice)

    assert outcome(bearer(sign_in(alice).json()["access_token"]).get(LEADS)) == (403, "password_change_required")


# Forgetting it.


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
