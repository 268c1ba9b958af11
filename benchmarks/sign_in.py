"""`python -m benchmarks.sign_in [rounds]`: whether the time of an answer tells who has an account.

Asks the API in this process, on the development database, each kind of account in turn and in an order of its own each
round; what counts is the processor time of the asking thread and of PostgreSQL, which a busy machine does not change.
The last column is by how much a case differs from the median of all; 5 % are promised.
"""

import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import django

# A line a request would be most of what is measured.
os.environ["LOG_LEVEL"] = "ERROR"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loctelli.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import AdminUser, User  # noqa: E402
from security.models import AccountLockout, AuthAttempt  # noqa: E402
from tenants.models import SubAccount  # noqa: E402
from tenants.scope import system_scope  # noqa: E402

PASSWORD, WRONG = "correct horse battery staple", "a wrong guess entirely"
DOMAIN = "sign-in.invalid"
WARM_UP = 3
THROTTLES = ("LOGIN", "LOGIN_ACCOUNT", "ANONYMOUS", "PASSWORD", "PASSWORD_MAIL", "REGISTRATION", "INVITATION")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    if settings.PRODUCTION:
        sys.exit("This makes accounts and tries to sign in to them: run it on a development database.")
    for name in THROTTLES:
        setattr(settings, f"{name}_THROTTLE", "999999999/1")
    with accounts():
        for title, path, cases in questions():
            report(title, measure(path, cases, rounds))


def questions() -> Iterator[tuple[str, str, dict[str, dict]]]:
    """Yield what is asked: a title, an address, and a body for each kind of account."""
    accounts = ("unknown", "wrong", "locked", "no-password")
    refused = {name: {"email": f"{name}@{DOMAIN}", "password": WRONG} for name in accounts}
    refused["inactive"] = {"email": f"inactive@{DOMAIN}", "password": PASSWORD}
    refused["disabled sub-account"] = {"email": f"disabled@{DOMAIN}", "password": PASSWORD}
    refused["locked and unknown"] = {"email": f"locked-unknown@{DOMAIN}", "password": WRONG}
    known = {name: {"email": f"{name}@{DOMAIN}"} for name in ("unknown", "wrong", "inactive")}
    person = {"name": "Somebody", "password": PASSWORD}
    yield "Signing in", "/api/v1/auth/login/", refused
    yield "A forgotten password", "/api/v1/auth/password/forgotten/", known
    yield "Registering", "/api/v1/auth/register/", {name: body | person for name, body in known.items()}


@contextmanager
def accounts() -> Iterator[None]:
    """Make an account of each kind, and remove them and what they left."""
    remove()
    with system_scope("measuring"):
        admin = AdminUser.objects.order_by("pk").first()
        if admin is None:
            sys.exit("There is no platform admin: run manage.py seed first.")
        fields = {"created_by_admin": admin}
        home = SubAccount.objects.create(name=f"Measured {DOMAIN}", **fields)
        disabled = SubAccount.objects.create(name=f"Disabled {DOMAIN}", is_active=False, **fields)
        for name in ("wrong", "locked", "no-password", "inactive", "disabled"):
            User(
                name=name,
                email=f"{name}@{DOMAIN}",
                sub_account=disabled if name == "disabled" else home,
                password=make_password(None if name == "no-password" else PASSWORD),
                is_active=name != "inactive",
                **fields,
            ).save()
    try:
        yield
    finally:
        remove()


def remove() -> None:
    with system_scope("measuring"):
        User.objects.filter(email__endswith=f"@{DOMAIN}").delete()
        SubAccount.objects.filter(name__endswith=DOMAIN).delete()
        AuthAttempt.objects.filter(email__endswith=f"@{DOMAIN}").delete()
        AccountLockout.objects.filter(email__endswith=f"@{DOMAIN}").delete()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs WHERE args->>'email' LIKE %s", [f"%@{DOMAIN}"])


def reset(email: str) -> None:
    """Let an account be as it is meant to be, however often it was tried."""
    is_locked = email.startswith("locked")
    counts = {
        "failed_attempts": 50 if is_locked else 1,
        "locked_until": timezone.now() + timedelta(days=1) if is_locked else None,
        "last_attempt_at": timezone.now(),
    }
    with system_scope("measuring"):
        AccountLockout.objects.update_or_create(email=email, account_type="user", defaults=counts)


def measure(path: str, cases: dict[str, dict], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return, of each case, the seconds of processor and of clock that each answer took."""
    client, backends = Client(headers={"Host": "localhost"}), backend_times()
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for number in range(rounds + WARM_UP):
        for name in random.sample(list(cases), len(cases)):
            reset(cases[name]["email"])
            before = backends() + time.thread_time(), time.perf_counter()
            answer = client.post(path, cases[name], content_type="application/json")
            after = backends() + time.thread_time(), time.perf_counter()
            if answer.status_code not in (401, 202):
                sys.exit(f"{name}: {answer.status_code} {answer.content.decode()}")
            if number >= WARM_UP:
                taken[name].append((after[0] - before[0], after[1] - before[1]))
    return taken


def backend_times() -> Callable[[], float]:
    """Return a function that tells the processor seconds of this process's connections, 0 where they are not here."""
    with system_scope("measuring"), connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE usename = session_user")
        files = [Path(f"/proc/{pid}/schedstat") for (pid,) in cursor.fetchall()]

    def total() -> float:
        return sum(int(file.read_text().split()[0]) for file in files if file.exists()) / 1e9

    return total


def report(title: str, taken: dict[str, list[tuple[float, float]]]) -> None:
    medians = {name: [statistics.median(part) for part in zip(*times, strict=True)] for name, times in taken.items()}
    middle = statistics.median(processor for processor, _ in medians.values())
    print(f"\n{title}: median of {len(next(iter(taken.values())))}, in milliseconds")
    print(f"{'':24}{'processor':>12}{'clock':>12}{'differs by':>12}")
    for name, (processor, clock) in sorted(medians.items(), key=lambda item: item[1][0]):
        differs = f"{(processor / middle - 1) * 100:+.1f} %"
        print(f"{name:24}{processor * 1000:12.2f}{clock * 1000:12.2f}{differs:>12}")


if __name__ == "__main__":
    main()
