"""`python -m benchmarks.growth`: how each call's cost grows from 10,000 leads to 1,000,000.

The API answers in this process, with everything on, from databases that differ in nothing but their size. Half of the
leads belong to one sub-account, which is the one that is asked; the other tables have a row for every twentieth lead.
Times are the best of fifteen, in milliseconds, the client's and the network's left out; what is imported or deleted is
measured once. Trust the factors.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.growth_calls import measure
from benchmarks.indexes import Index
from benchmarks.installation import PROJECT

REPORT = Path(__file__).with_name("growth.md")
SIZES = (10_000, 100_000, 1_000_000)
# What grows by less is flat: so much is the machine's own restlessness.
FLAT = 2.0
WHY = {
    "list: page 1,000": "the smallest has no page 1,000: its last page is taken",
    "list: count=true": "counts to 10,000 and no further",
    "search": "the rarer a word, the more the index finds it by; of a frequent one, more rows are read to sort them",
    "console: leads by a first name": "reads the leads of all sub-accounts that have it",
    "console: the last two days counted": "reads what came in within two days, and counts each sub-account",
    "bookings/?search=": "reads the bookings of all leads that are found",
}
# Why an index is there that no measured call reads.
UNREAD = {
    "audit_entries_age": "`manage.py prune` finds by it what is past its age",
    "incidents_type": "the document lists it; the console narrows to one type by it when there are many of others",
    "bookings_status": "finds the few that are still to be confirmed among all that are over",
    "messages_said": "the console's counts read the last days by it, once there are more pages than one range has",
}


def why(name: str) -> str:
    return next((reason for beginning, reason in WHY.items() if name.startswith(beginning)), "")


def report(measured: dict[int, dict[str, float]], indexes: list[Index], seconds: float) -> list[str]:
    """Return the page: a row a call, a column a size, the growth from the smallest to the largest; then the indexes."""
    sizes = sorted(measured)
    lines = [
        "# How costs grow",
        "",
        *(__doc__ or "").strip().splitlines()[2:],
        "",
        f"One run of {seconds / 60:.0f} minutes with {os.cpu_count()} cores; on average {os.getloadavg()[2]:.0f} "
        "processes wanted them, these among them.",
        "",
        f"| ms | {' | '.join(f'{size:,} leads' for size in sizes)} | factor | |",
        f"|---|{'--:|' * (len(sizes) + 1)}---|",
    ]
    for name in measured[sizes[0]]:
        first, last = measured[sizes[0]][name], measured[sizes[-1]][name]
        figures = " | ".join(f"{measured[size][name]:,.1f}" for size in sizes)
        lines.append(f"| {name} | {figures} | {last / first:.1f} | {'flat' if last / first < FLAT else why(name)} |")
    lines += [
        "",
        f"## What each index is for, at {sizes[-1]:,} leads",
        "",
        "| index | of | MB | read by |",
        "|---|---|--:|---|",
    ]
    lines += [f"| {index.name} | {index.table} | {index.size / 1e6:.1f} | {purpose(index)} |" for index in indexes]
    return lines


def purpose(index: Index) -> str:
    """Return what reads an index, or why it is there all the same."""
    if index.calls:
        further = f", and {len(index.calls) - 3} more" if len(index.calls) > 3 else ""
        return "; ".join(index.calls[:3]) + further
    if index.is_unique:
        return "keeps keys unique, and references true"
    return UNREAD.get(index.name, "**nothing here**")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=PROJECT / "var" / "growth", help="where the databases are kept")
    parser.add_argument("--leads", type=int, nargs="+", default=SIZES, help="the sizes (default: %(default)s)")
    parser.add_argument("--imported", type=int, default=100_000, help="how many leads to import (default: %(default)s)")
    parser.add_argument("--print", action="store_true", help="leave growth.md alone")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        taken, indexes = measure(options.data / str(options.one), options.one, options.imported)
        print("\n" + json.dumps([taken, list(map(asdict, indexes))]))
        return
    started, measured, indexes = time.monotonic(), {}, []
    for leads in sorted(options.leads):
        # A process can only ever use one database.
        one = [sys.executable, "-m", "benchmarks.growth", "--data", str(options.data), "--one", str(leads)]
        answer = subprocess.run(
            [*one, "--imported", str(options.imported)], stdout=subprocess.PIPE, text=True, check=True
        )
        measured[leads], found = json.loads(answer.stdout.strip().splitlines()[-1])
        indexes = [Index(**index) for index in found]
    page = "\n".join(report(measured, indexes, time.monotonic() - started)) + "\n"
    if not options.print:
        REPORT.write_text(page)
    print(page)


if __name__ == "__main__":
    main()
