"""Measures contenders in turns, so that whatever else the machine does meets them all alike."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson

from benchmarks.requests import Contender, Request, Scenario
from benchmarks.servers import HOST, Server, cpu_seconds, family

REPLAY = Path(__file__).with_name("replay.lua")
FIGURES = re.compile(r"FIGURES (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)")
# Keeps the worker's threads busy; more would only queue.
CONNECTIONS = 8


@dataclass(frozen=True)
class Outcome:
    """What the client saw of one run."""

    requests: int
    seconds: float
    failed: int
    p50_ms: float
    p99_ms: float

    @classmethod
    def of(cls, run: "subprocess.Popen[str]") -> "Outcome":
        printed, complaints = run.communicate()
        figures = FIGURES.search(printed)
        if figures is None:
            raise SystemExit(f"wrk said nothing of use: {printed} {complaints}")
        requests, microseconds, broken, refused, p50, p99 = map(int, figures.groups())
        return cls(requests, microseconds / 1e6, broken + refused, p50 / 1000, p99 / 1000)


@dataclass(frozen=True)
class Round:
    """What one contender did in some seconds. Times are milliseconds, those of processors by request."""

    requests_per_second: float
    server_ms: float
    database_ms: float
    busy: float
    p99_ms: float


@dataclass(frozen=True)
class Result:
    """The medians of a contender's rounds."""

    requests_per_second: float
    server_ms: float
    database_ms: float
    busy: float
    p99_ms: float

    @classmethod
    def of(cls, rounds: list[Round]) -> "Result":
        return cls(*(median(getattr(r, name) for r in rounds) for name in cls.__dataclass_fields__))


def require_client() -> None:
    if shutil.which("wrk") is None:
        raise SystemExit("The benchmark sends its requests with wrk, which is missing: apt-get install wrk.")


def measure(
    scenario: Scenario, contenders: list[Contender], *, postmaster: int, seconds: int, rounds: int
) -> dict[str, Result]:
    """Return the results of the contenders, by name, that this scenario compares."""
    found: dict[str, list[Round]] = {}
    with tempfile.TemporaryDirectory() as directory:
        prepared = []
        for contender in contenders:
            if contender.name in scenario.contenders:
                requests = scenario.requests(contender)
                _check(scenario, contender, requests)
                file = Path(directory) / contender.name
                file.write_text("".join(map(line, requests)))
                _replay(contender.server, file, seconds=1, postmaster=postmaster)
                prepared.append((contender, file))
        for turn in range(rounds):
            for contender, file in prepared if turn % 2 else reversed(prepared):
                result = _replay(contender.server, file, seconds=seconds, postmaster=postmaster)
                found.setdefault(contender.name, []).append(result)
    return {name: Result.of(results) for name, results in found.items()}


def _check(scenario: Scenario, contender: Contender, requests: list[Request]) -> None:
    """Refuse to measure wrong answers."""
    first = requests[0]
    status, answer = contender.server.ask(first.method, first.path, token=first.token, body=first.body)
    if status != scenario.status or not scenario.is_right(answer):
        raise SystemExit(f"{contender.name} answers {first.method} {first.path} wrongly: {status} {str(answer)[:500]}")


def line(request: Request) -> str:
    """Return a request as a line for the client."""
    body = orjson.dumps(request.body).decode() if request.body else ""
    return f"{request.method}\t{request.path}\t{request.token}\t{body}\n"


@contextmanager
def replaying(
    server: Server, file: Path, *, seconds: int, connections: int = CONNECTIONS
) -> Iterator["subprocess.Popen[str]"]:
    """Run the client, which sends the file's requests in any order as fast as they are answered."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(REPLAY)]
    run = subprocess.Popen(
        [*command, f"http://{HOST}:{server.port}/", "--", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield run
    finally:
        run.kill()
        run.communicate()


def _replay(server: Server, file: Path, *, seconds: int, postmaster: int) -> Round:
    def database_seconds() -> float:
        return sum(map(cpu_seconds, family(postmaster)))

    server_before, database_before = server.cpu_seconds(), database_seconds()
    with replaying(server, file, seconds=seconds) as run:
        outcome = Outcome.of(run)
    if not outcome.requests:
        raise SystemExit(f"{server.log.name} answered nothing in {seconds} s: give it more --seconds.")
    if outcome.failed:
        raise SystemExit(f"Of {outcome.requests} requests {outcome.failed} failed: see {server.log}.")
    used = server.cpu_seconds() - server_before
    return Round(
        requests_per_second=outcome.requests / outcome.seconds,
        server_ms=used / outcome.requests * 1000,
        database_ms=(database_seconds() - database_before) / outcome.requests * 1000,
        busy=used / outcome.seconds,
        p99_ms=outcome.p99_ms,
    )
