"""`python -m benchmarks.load`: many connections for minutes, reads and writes mixed, directly and through PgBouncer;
then single calls over a slow wire to the database. Ends with status 1 when an answer failed or a promise is broken.
"""

import argparse
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from benchmarks import report
from benchmarks.installation import PROJECT, Installation, Tenant
from benchmarks.link import Link
from benchmarks.measuring import Outcome, line, replaying, require_client
from benchmarks.requests import LEADS, MARK, Request, sign_in
from benchmarks.servers import HOST, Server, free_port

SAMPLE_SECONDS = 2.0
# Milliseconds added to each round trip to the database.
DELAY_MS = 5
TENANTS = 20
CALLS = 30
# So many times the median may the slowest hundredth take, and so much may memory grow once it is warm.
SLOWEST = 10
GROWTH = 1.1


@dataclass
class Watch:
    """What was seen of a server every few seconds: the worker's memory, and its connections to the database."""

    memory: list[int] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)


def main() -> None:
    options = _arguments()
    require_client()
    installation = Installation.open(options.data.absolute(), options.leads, durable=True)
    tenants = [Tenant.of(number) for number in range(1, min(installation.sub_accounts(), TENANTS) + 1)]
    environment = installation.environment()
    facts = installation.facts()
    lines = [
        f"{options.connections} connections for {options.seconds} s each, {options.threads} threads in one worker.",
        "",
        "| | requests/s | failed | p50 | p99 | p99 : p50 | worker's memory | database connections |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    broken: list[str] = []
    for name, way in (("directly", _directly), ("through PgBouncer", _through_pgbouncer)):
        with way(environment) as settings:
            if settings is None:
                print(f"Not measured {name}: the package pgbouncer is not installed.")
                continue
            outcome, watch = _under_load(installation, settings, tenants, options)
        lines.append(_row(name, outcome, watch))
        print(lines[-1], flush=True)
        broken += [f"{name}: {promise}" for promise in _broken_promises(outcome, watch)]
    slow = _slowed_down(installation, environment, tenants[1], options)
    installation.remove_marked()
    lines += ["", *slow, "", f"Measured with {', '.join(facts)}."]
    print("\n".join(lines))
    if not options.print:
        report.write("load", lines)
    if broken:
        raise SystemExit("\n".join(broken))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description="Measure the API under load.")
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, default=PROJECT / "var" / "bench", help="where its database lies")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--print", action="store_true", help="leave README.md alone")
    return parser.parse_args()


@contextmanager
def _directly(environment: dict[str, str]) -> Iterator[dict[str, str] | None]:
    yield environment


@contextmanager
def _through_pgbouncer(environment: dict[str, str]) -> Iterator[dict[str, str] | None]:
    """Put PgBouncer, in transaction mode, between the server and the database."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        yield None
        return
    address = urlsplit(environment["DATABASE_URL"])
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        users = Path(directory) / "users.txt"
        users.write_text(f'"{address.username}" "{address.password}"\n')
        configuration = Path(directory) / "pgbouncer.ini"
        configuration.write_text(
            f"[databases]\nloctelli = host={address.hostname} port={address.port} dbname=loctelli\n"
            f"[pgbouncer]\nlisten_addr = {HOST}\nlisten_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\n"
            f"auth_file = {users}\npool_mode = transaction\nmax_client_conn = 100\ndefault_pool_size = 5\n"
        )
        os.chmod(directory, 0o755)
        # It refuses to run as root.
        account = "nobody" if os.geteuid() == 0 else None
        process = subprocess.Popen([program, "-q", str(configuration)], user=account)
        try:
            time.sleep(1)
            place = f"{address.username}:{address.password}@{HOST}:{port}"
            yield {**environment, "DATABASE_URL": urlunsplit(address._replace(netloc=place)) + "&pgbouncer=true"}
        finally:
            process.terminate()
            process.wait()


def _under_load(
    installation: Installation, settings: dict[str, str], tenants: list[Tenant], options: argparse.Namespace
) -> tuple[Outcome, Watch]:
    server = _server(installation, settings, threads=options.threads)
    try:
        tokens = sign_in(server, tenants)
        watch = Watch()
        with tempfile.NamedTemporaryFile("w") as file:
            file.writelines(line(request) for request in _mixture(tenants, tokens))
            file.flush()
            with replaying(server, Path(file.name), seconds=options.seconds, connections=options.connections) as run:
                while run.poll() is None:
                    time.sleep(SAMPLE_SECONDS)
                    watch.memory.append(server.memory())
                    watch.connections.append(installation.count_connections())
                return Outcome.of(run), watch
    finally:
        server.stop()


def _server(installation: Installation, settings: dict[str, str], *, threads: int) -> Server:
    log = installation.data / "load-log"
    return Server("loctelli.wsgi:application", environment=settings, core=None, log=log, threads=threads)


def _mixture(tenants: list[Tenant], tokens: dict[int, str]) -> list[Request]:
    """Return what people of several businesses do all day, reading more than they write."""
    chance = random.Random(1)
    return [_request(chance, chance.choice(tenants), tokens) for _ in range(5000)]


def _request(chance: random.Random, tenant: Tenant, tokens: dict[int, str]) -> Request:
    lead = f"{LEADS}{chance.choice(tenant.lead_ids)}/"
    person = {"regular_user_id": tenant.user_id, "strategy_id": tenant.strategy_id}
    ways: dict[str, tuple[int, tuple[Any, ...]]] = {
        "list": (25, ("GET", LEADS)),
        "filtered": (10, ("GET", f"{LEADS}?status=qualified&ordering=-created_at")),
        "search": (5, ("GET", f"{LEADS}?search=Åkesson".replace("Å", "%C3%85"))),
        "narrow": (5, ("GET", f"{LEADS}?fields=id,name,status")),
        "detail": (30, ("GET", lead)),
        "includes": (5, ("GET", f"{lead}?include=regular_user,strategy,bookings")),
        "bookings": (5, ("GET", "/api/v1/bookings/")),
        "create": (7, ("POST", LEADS, {"name": "Zoë Åkesson", "custom_id": MARK, **person})),
        "update": (8, ("PATCH", lead, {"status": chance.choice(["active", "qualified"]), "notes": "Called."})),
    }
    (name,) = chance.choices(list(ways), [weight for weight, _ in ways.values()])
    method, path, *body = ways[name][1]
    return Request(method, path, tokens[tenant.sub_account_id], *body)


def _row(name: str, outcome: Outcome, watch: Watch) -> str:
    ratio = outcome.p99_ms / outcome.p50_ms
    memory = f"{watch.memory[0] / 1e6:.0f} → {watch.memory[-1] / 1e6:.0f} MB"
    rate = outcome.requests / outcome.seconds
    times = f"{outcome.p50_ms:.0f} ms | {outcome.p99_ms:.0f} ms | {ratio:.1f}"
    return f"| {name} | {rate:,.0f} | {outcome.failed} | {times} | {memory} | at most {max(watch.connections)} |"


def _broken_promises(outcome: Outcome, watch: Watch) -> Iterator[str]:
    if outcome.failed:
        yield f"{outcome.failed} of {outcome.requests} requests failed"
    if outcome.p99_ms > SLOWEST * outcome.p50_ms:
        yield f"the slowest hundredth took {outcome.p99_ms:.0f} ms, the median {outcome.p50_ms:.0f} ms"
    third = max(len(watch.memory) // 3, 1)
    if median(watch.memory[-third:]) > GROWTH * median(watch.memory[third : 2 * third] or watch.memory):
        yield f"the worker's memory grew: {[size // 1_000_000 for size in watch.memory]} MB"


def _slowed_down(
    installation: Installation, environment: dict[str, str], tenant: Tenant, options: argparse.Namespace
) -> list[str]:
    """Return a table of calls, one at a time: their round trips, and how long they take with and without a delay."""
    address = urlsplit(environment["DATABASE_URL"])
    costs: dict[float, dict[str, tuple[float, float]]] = {}
    for delay in (0, DELAY_MS):
        with Link(str(address.hostname), int(address.port or 0), delay=delay / 1000) as link:
            netloc = f"{address.username}:{address.password}@{HOST}:{link.port}"
            settings = {**environment, "DATABASE_URL": urlunsplit(address._replace(netloc=netloc))}
            server = _server(installation, settings, threads=1)
            try:
                token = sign_in(server, [tenant])[tenant.sub_account_id]
                costs[delay] = {name: _cost(server, link, request) for name, request in _calls(tenant, token).items()}
            finally:
                server.stop()
    lines = [f"| one call at a time | round trips | as it is | {DELAY_MS} ms a round trip |", "|---|--:|--:|--:|"]
    for name, (trips, _) in costs[0].items():
        lines.append(f"| {name} | {trips:g} | {costs[0][name][1]:.1f} ms | {costs[DELAY_MS][name][1]:.1f} ms |")
    return lines


def _calls(tenant: Tenant, token: str) -> dict[str, Request]:
    lead = f"{LEADS}{tenant.lead_ids[0]}/"
    person = {"regular_user_id": tenant.user_id, "strategy_id": tenant.strategy_id}
    return {
        "List of 50 leads": Request("GET", LEADS, token),
        "Lead": Request("GET", lead, token),
        "Lead with three includes": Request("GET", f"{lead}?include=regular_user,strategy,bookings", token),
        "Create a lead": Request("POST", LEADS, token, {"name": "Zoë Åkesson", "custom_id": MARK, **person}),
        "Update a lead": Request("PATCH", lead, token, {"notes": "Called."}),
    }


def _cost(server: Server, link: Link, request: Request) -> tuple[float, float]:
    """Return the median round trips and milliseconds of a call."""
    trips, times = [], []
    for _ in range(CALLS):
        before, started = link.round_trips, time.perf_counter()
        status, answer = server.ask(request.method, request.path, token=request.token, body=request.body)
        times.append((time.perf_counter() - started) * 1000)
        trips.append(link.round_trips - before)
        if status >= 400:
            raise SystemExit(f"{request.method} {request.path}: {status} {answer}")
    return median(trips), median(times)


if __name__ == "__main__":
    main()
