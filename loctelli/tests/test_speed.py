"""The API's speed, as ratios to others that answer the same requests: none may be lost by more than half.

No time is judged, and of processor time only the answering process's own, in turns with the others': that bears a
machine that is busy with other tests.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import pytest
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from accounts.models import User
from accounts.tests.factories import issue_token
from agents.models import Strategy
from benchmarks.installation import THROTTLES, UNREACHABLE, Tenant
from benchmarks.measuring import line
from benchmarks.requests import Contender, Request, plain_tokens, scenarios
from benchmarks.servers import APPLICATIONS
from crm.models import Booking
from loctelli.database.embedded import PROJECT
from loctelli.management.generating.sub_accounts import gather_statistics, generate
from loctelli.tests import alongside
from tenants.scope import system_scope

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.server]

# How many times less processor time ours takes than the others, without a server, when nothing is lost.
RATIOS = {
    ("list", "plain"): 6.3,
    ("list", "floor"): 0.3,
    ("detail", "plain"): 4.2,
    ("detail", "floor"): 0.17,
    ("includes", "plain"): 6.3,
    ("includes", "floor"): 0.16,
    ("create", "plain"): 2.8,
    ("create", "floor"): 0.19,
}
LEADS = 3000
CALLS = 10
TURNS = 5
ATTEMPTS = 3


@pytest.fixture
def tenant(cast) -> Tenant:
    sub_account = generate(1, size=LEADS, password=None)
    gather_statistics()
    with system_scope("test"):
        user = User.objects.get(email="user1@1.generated.example")
        strategy = Strategy.objects.filter(sub_account=sub_account).first()
        booking = Booking.objects.filter(sub_account=sub_account).first()
    return Tenant(sub_account.pk, user.pk, strategy.pk, user.email, [booking.lead_id])


@pytest.fixture
def contenders(tenant) -> Iterator[dict[str, subprocess.Popen]]:
    connection.ensure_connection()
    address = connection.address_params(make_sure=False)
    params = {name: address[name] for name in ("host", "port", "dbname", "user", "password")}
    environment = alongside.environment(
        BENCHMARK_DATABASE_URL=make_conninfo(**params, options=f"-c role={settings.DATABASE_ROLES.system}"),
        JWT_SIGNING_KEY=settings.JWT_SIGNING_KEY,
        **dict.fromkeys(THROTTLES, UNREACHABLE),
    )
    with _processes(environment) as processes:
        yield processes


@contextmanager
def _processes(environment: dict[str, str]) -> Iterator[dict[str, subprocess.Popen]]:
    processes = {
        name: subprocess.Popen(
            [sys.executable, "-m", "benchmarks.in_process", application],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for name, application in APPLICATIONS.items()
    }
    try:
        yield processes
    finally:
        for process in processes.values():
            process.communicate()


def test_no_ratio_is_lost_by_more_than_half(tenant, contenders):
    with system_scope("test"):
        user = User.objects.select_related("sub_account").get(pk=tenant.user_id)
    tokens = {tenant.sub_account_id: str(issue_token(user))}
    plain = plain_tokens(settings.JWT_SIGNING_KEY, [tenant])

    for _ in range(ATTEMPTS):
        ratios = {}
        for scenario in scenarios([tenant], tenant, tenant, page=1):
            others = [other for name, other in RATIOS if name == scenario.name]
            requests = {
                name: scenario.requests(Contender(name, None, plain if name == "plain" else tokens))[0]
                for name in ("ours", *others)
            }
            costs = _costs(contenders, requests, status=scenario.status)
            ratios |= {(scenario.name, other): costs[other] / costs["ours"] for other in others}
        lost = {pair: round(ratio, 3) for pair, ratio in ratios.items() if ratio < RATIOS[pair] / 2}
        if not lost:
            break

    assert lost == {}


def _costs(processes: dict[str, subprocess.Popen], requests: dict[str, Request], *, status: int) -> dict[str, float]:
    """Return the processor time of each one's request, the median of several turns after a first to warm up."""
    found: dict[str, list[float]] = {name: [] for name in requests}
    for _ in range(1 + TURNS):
        for name, request in requests.items():
            process = processes[name]
            process.stdin.write(f"{CALLS}\t{line(request)}")
            process.stdin.flush()
            answered, _, spent = process.stdout.readline().split()
            assert int(answered) == status, name
            found[name].append(float(spent))
    return {name: median(times[1:]) for name, times in found.items()}
