"""`python -m benchmarks`: measures everything and writes README.md, or with --only some of it and prints that."""

import argparse
import os
import shutil
from pathlib import Path

from benchmarks import report
from benchmarks.installation import PROJECT, Installation, Tenant
from benchmarks.measuring import measure, require_client
from benchmarks.requests import PAGE_SIZE, Contender, plain_tokens, scenarios, sign_in
from benchmarks.servers import Server, pin

APPLICATIONS = {
    "ours": "loctelli.wsgi:application",
    "plain": "benchmarks.plain.wsgi:application",
    "floor": "benchmarks.floor:application",
}
TENANTS = 20
DEEP_PAGE = 1000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the API as ratios.")
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, default=PROJECT / "var" / "bench", help="where its database lies")
    parser.add_argument("--seconds", type=int, default=3, help="how long a round is")
    parser.add_argument("--rounds", type=int, default=5, help="of each contender and scenario")
    parser.add_argument("--only", nargs="*", metavar="SCENARIO", help="list, detail, includes, first, deep, create")
    parser.add_argument("--contenders", nargs="*", default=list(APPLICATIONS), choices=list(APPLICATIONS))
    return parser.parse_args()


def main() -> None:
    options = arguments()
    require_client()
    data = options.data.absolute()
    # The worker gets a core for itself; the database, the client and this process share the other.
    cores = sorted(os.sched_getaffinity(0))
    worker_core, other_core = cores[0], cores[-1]
    os.sched_setaffinity(0, {other_core})
    installation = Installation.open(data, options.leads)
    pin(installation.postmaster(), other_core)
    largest, *tenants = [Tenant.of(number) for number in range(1, min(installation.sub_accounts(), TENANTS) + 1)]
    environment = installation.environment()
    facts = installation.facts()
    installation.release()
    logs = data / "benchmark-logs"
    logs.mkdir(exist_ok=True)
    servers = {
        name: Server(
            APPLICATIONS[name],
            environment=environment,
            core=worker_core,
            log=logs / name,
            threads=_threads(),
        )
        for name in dict.fromkeys(["ours", *options.contenders])
    }
    try:
        tokens = sign_in(servers["ours"], [*tenants, largest])
        plain = plain_tokens(environment["JWT_SIGNING_KEY"], [*tenants, largest])
        contenders = [
            Contender(name, servers[name], plain if name == "plain" else tokens) for name in options.contenders
        ]
        page = min(DEEP_PAGE, options.leads // 2 // PAGE_SIZE)
        measured = []
        for scenario in scenarios(tenants, largest, page=page):
            if options.only is None or scenario.name in options.only:
                results = measure(
                    scenario,
                    contenders,
                    postmaster=installation.postmaster(),
                    seconds=options.seconds,
                    rounds=options.rounds,
                )
                measured.append((scenario, results))
                for name, result in results.items():
                    print(
                        f"{scenario.name:<9}{name:<6}{result.requests_per_second:>8,.0f}/s  worker "
                        f"{result.server_ms:.3f} ms  database {result.database_ms:.3f} ms  busy {result.busy:.0%}  "
                        f"p99 {result.p99_ms:.1f} ms",
                        flush=True,
                    )
        memory = servers["ours"].memory()
    finally:
        for server in servers.values():
            server.stop()
        shutil.rmtree(logs, ignore_errors=True)
    print(f"Worker's memory: {memory / 1e6:.0f} MB")
    if "ours" in options.contenders:
        lines = [*report.table(measured), "", f"Measured with {', '.join(facts)}."]
        print("\n".join(lines))


def _threads() -> int:
    from django.conf import settings

    return settings.WEB_THREADS


if __name__ == "__main__":
    main()
