"""`python -m benchmarks`: measures everything and writes README.md, or with --only some of it and prints that."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import report
from benchmarks.installation import PROJECT, TALKATIVE, Installation, Tenant
from benchmarks.measuring import Result, measure, require_client
from benchmarks.requests import PAGE_SIZE, Contender, Scenario, plain_tokens, scenarios, sign_in
from benchmarks.servers import APPLICATIONS, Server, pin

TENANTS = 20
DEEP_PAGE = 1000
# How many leads the sub-account has that is deleted.
DELETED_LEADS = 100_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the API as ratios.")
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, default=PROJECT / "var" / "bench", help="where its database lies")
    parser.add_argument("--seconds", type=int, default=3, help="how long a round is")
    parser.add_argument("--rounds", type=int, default=5, help="of each contender and scenario")
    parser.add_argument(
        "--only", nargs="*", metavar="SCENARIO", help="list, sealed, detail, includes, first, deep, create"
    )
    parser.add_argument("--contenders", nargs="*", default=list(APPLICATIONS), choices=list(APPLICATIONS))
    return parser.parse_args()


def main() -> None:
    options = arguments()
    require_client()
    # The worker gets a core for itself; the database, the client and this process share the other.
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[-1:])
    installation = Installation.open(options.data.absolute(), options.leads, durable=False)
    pin(installation.postmaster(), cores[-1])
    facts = installation.facts()
    names = list(dict.fromkeys(["ours", *options.contenders]))
    with serving(installation, names, core=cores[0]) as (contenders, tenants):
        measured = compare(installation, contenders, tenants, options)
        memory = contenders[0].server.memory()
    lines = report.table(measured)
    lines += ["", *report.depth(measured), f"The worker's memory after that: {memory / 1e6:.0f} MB (aim: under 200)."]
    if options.only is None or "create" in options.only:
        installation.remove_marked()
    if options.only is None:
        doomed = min(DELETED_LEADS, options.leads)
        seconds = installation.seconds_to_delete(doomed)
        lines += [f"Deleting a sub-account with {doomed:,} leads: {seconds:.1f} s (aim: seconds)."]
    lines += ["", f"{options.leads:,} leads; {', '.join(facts)}."]
    print("\n".join(lines))
    if options.only is None and set(options.contenders) == set(APPLICATIONS):
        report.write("figures", lines)


@contextmanager
def serving(
    installation: Installation, names: list[str], *, core: int
) -> Iterator[tuple[list[Contender], list[Tenant]]]:
    """Start the servers; yield contenders, and sub-accounts they know tokens of: the largest, others, the talkative."""
    from django.conf import settings

    tenants = [Tenant.of(number) for number in [*range(1, min(installation.sub_accounts(), TENANTS) + 1), TALKATIVE]]
    environment = installation.environment()
    installation.release()
    servers: dict[str, Server] = {}
    try:
        for name in names:
            log = installation.data / f"log-of-{name}"
            servers[name] = Server(
                APPLICATIONS[name], environment=environment, core=core, log=log, threads=settings.WEB_THREADS
            )
        tokens = sign_in(servers["ours"], tenants)
        plain = plain_tokens(settings.JWT_SIGNING_KEY, tenants)
        yield [Contender(name, servers[name], plain if name == "plain" else tokens) for name in names], tenants
    finally:
        for server in servers.values():
            server.stop()


def compare(
    installation: Installation, contenders: list[Contender], tenants: list[Tenant], options: argparse.Namespace
) -> list[tuple[Scenario, dict[str, Result]]]:
    """Measure each scenario that was asked for, telling of each as soon as it is done."""
    measured = []
    largest, *others, talkative = tenants
    for scenario in scenarios(others, largest, talkative, page=min(DEEP_PAGE, options.leads // 2 // PAGE_SIZE)):
        if options.only is not None and scenario.name not in options.only:
            continue
        postmaster = installation.postmaster()
        results = measure(scenario, contenders, postmaster=postmaster, seconds=options.seconds, rounds=options.rounds)
        measured.append((scenario, results))
        for name, result in results.items():
            print(
                f"{scenario.name:<9}{name:<6}{result.requests_per_second:>8,.0f}/s  worker {result.server_ms:.3f} ms  "
                f"database {result.database_ms:.3f} ms  busy {result.busy:.0%}  p99 {result.p99_ms:.1f} ms",
                flush=True,
            )
    return measured


if __name__ == "__main__":
    main()
