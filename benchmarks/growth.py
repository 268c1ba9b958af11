"""`python -m benchmarks.growth`: how each call's cost grows from 10,000 leads to 1,000,000.

The API answers in this process, with everything on, from databases that differ in nothing but their size. Half of the
leads belong to one sub-account, which is the one that is asked. What is written is deleted again. Times are the best of
fifteen, in milliseconds, the client's and the network's left out; trust the factors.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.in_process import call
from benchmarks.installation import DOOMED, PASSWORD, PROJECT, THROTTLES, UNREACHABLE, Installation

REPORT = Path(__file__).with_name("growth.md")
SIZES = (10_000, 100_000, 1_000_000)
LEADS = "/api/v1/leads/"
PAGE, ROWS, CALL = 1000, 50, 1000
REPEATS, WARM = 15, 3
# What grows by less is flat: so much is the machine's own restlessness.
FLAT = 2.0
WHY = {
    "count": "counts to 10,000 and no further",
    "search with count=true": "looks at as many rows as it takes to count to 10,000",
    "search: in every third row": "the more rows, the fewer of them are looked at",
    "search: a first name": "the index finds all rows with it, up to 10,000, to sort them",
    "search: part of a company": "the index finds all rows with it, up to 10,000, to sort them",
    "search: phone digits": "the index finds all rows with it, up to 10,000, to sort them",
    "search: a name, ordered by name": "the index finds all rows with it, up to 10,000, to sort them",
    "list: page 1,000": "the smallest has no page 1,000: its last page is taken",
}


class Api:
    """The application in this process, asked by one person of a sub-account."""

    def __init__(self, number: int) -> None:
        from loctelli.wsgi import application

        self.application, self.token = application, ""
        body = {"email": f"admin@{number}.generated.example", "password": PASSWORD}
        self.token = self.ask("POST", "/api/v1/auth/login/", body)["access_token"]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        status, content = call(self.application, method, path, self.token, "" if body is None else json.dumps(body))
        if not status.startswith("2"):
            raise SystemExit(f"{method} {path} was answered {status}: {content[:300]!r}")
        return json.loads(content) if content else None

    def page(self, number: int) -> str:
        """Return the address of a page, the last one where there are fewer."""
        url, rows = f"{LEADS}?page_size=200&fields=id", 0
        while rows < (number - 1) * ROWS:
            found = self.ask("GET", url)
            if found["next"] is None:
                break
            url, rows = found["next"].partition("127.0.0.1")[2], rows + 200
        return url.replace("page_size=200&fields=id", f"page_size={ROWS}")


def timed(do: Callable[[], Any]) -> float:
    """Return how many milliseconds a call takes when nothing else disturbs the machine."""
    taken = []
    for _ in range(WARM + REPEATS):
        started = time.perf_counter()
        do()
        taken.append((time.perf_counter() - started) * 1000)
    return min(taken[WARM:])


def once(do: Callable[[], Any]) -> float:
    """Return how many milliseconds something takes that can't be repeated."""
    started = time.perf_counter()
    do()
    return (time.perf_counter() - started) * 1000


def measure(data: Path, leads: int, imported: int) -> dict[str, float]:
    """Return what each call takes at this size."""
    Installation.open(data, leads, durable=True)
    from django.conf import settings

    for name in THROTTLES:
        setattr(settings, name, UNREACHABLE)
    return {**reading(Api(1)), **writing(Api(1)), **importing_and_deleting(imported)}


def reading(api: Api) -> dict[str, float]:
    newest = api.ask("GET", f"{LEADS}?page_size=200")["results"]
    some = next(lead for lead in newest if lead["email"] and lead["phone"])
    digits = "".join(character for character in some["phone"] if character.isdigit())
    addresses = {
        "list: page 1": "",
        "list: page 1,000": api.page(PAGE).removeprefix(LEADS),
        "list: count=true": "?count=true",
        **{f"ordered by {name}": f"?ordering={name}" for name in ("id", "name", "-name", "created_at", "-updated_at")},
        "filter: status": f"?status={some['status']}",
        "filter: status__in": "?status__in=closed,booked",
        "filter: regular_user_id": f"?regular_user_id={some['regular_user_id']}",
        "filter: strategy_id": f"?strategy_id={some['strategy_id']}",
        "filter: email": f"?email={quote(some['email'])}",
        "filter: email__isnull": "?email__isnull=true",
        "filter: phone": f"?phone={quote(some['phone'])}",
        "filter: custom_id": f"?custom_id={some['custom_id']}",
        "filter: created_at": f"?created_at__gte={quote(some['created_at'])}",
        "filter: updated_at": f"?updated_at__lt={quote(some['updated_at'])}&ordering=-updated_at",
        "search: in every third row": "?search=a",
        "search: a first name": f"?search={quote(some['name'].split()[0])}",
        "search: a whole e-mail": f"?search={quote(some['email'])}",
        "search: part of a company": "?search=roof",
        "search: phone digits": f"?search={digits[2:7]}",
        "search: a whole phone number": f"?search={digits}",
        "search: nothing found": "?search=zzzqqq",
        "search: a name, ordered by name": f"?search={quote(some['name'].split()[-1])}&ordering=name",
        "search with count=true": "?search=a&count=true",
        "detail": f"{some['id']}/",
        "detail with person, strategy, bookings": f"{some['id']}/?include=regular_user,strategy,bookings",
    }
    return {name: timed(partial(api.ask, "GET", LEADS + address)) for name, address in addresses.items()}


def writing(api: Api) -> dict[str, float]:
    from crm.models import ContactSubmission
    from tenants.models import SubAccount
    from tenants.scope import system_scope

    pattern = api.ask("GET", f"{LEADS}?page_size=1")["results"][0]
    fields = {"regular_user_id": pattern["regular_user_id"], "strategy_id": pattern["strategy_id"]}
    made: list[int] = []

    def create() -> None:
        body = {**fields, "name": f"Growth {len(made)}", "email": "g@growth.example", "phone": "+49 30 555 0100"}
        made.append(api.ask("POST", LEADS, body)["id"])

    taken = {"create": timed(create)}
    changes = iter(range(1000))
    taken["update"] = timed(lambda: api.ask("PATCH", f"{LEADS}{made[0]}/", {"notes": f"Change {next(changes)}"}))
    with system_scope("benchmark"):
        submission = ContactSubmission.objects.create(
            sub_account=SubAccount.objects.get(settings__generated=1),
            full_name="Growth",
            email="g@x.example",
            phone="1",
        )
    notes = f"/api/v1/contact-submissions/{submission.pk}/notes/"
    taken["append a note"] = timed(lambda: api.ask("POST", notes, {"content": "Called."}))
    api.ask("DELETE", f"/api/v1/contact-submissions/{submission.pk}/")
    taken["delete a lead"] = timed(lambda: api.ask("DELETE", f"{LEADS}{made.pop()}/"))
    return taken


def importing_and_deleting(number: int) -> dict[str, float]:
    """Import leads into a sub-account of its own, then take it apart."""
    from loctelli.management.generating.sub_accounts import generate
    from tenants.models import SubAccount
    from tenants.scope import system_scope

    with system_scope("benchmark"):
        # What an interrupted run has left behind.
        for left in SubAccount.objects.filter(settings__generated=DOOMED):
            left.delete()
    sub_account = generate(DOOMED, size=30, password=PASSWORD)
    api = Api(DOOMED)
    patterns = api.ask("GET", f"{LEADS}?page_size=30")["results"]
    person, strategy = (patterns[0][name] for name in ("regular_user_id", "strategy_id"))

    def bring_in() -> None:
        for start in range(0, number, CALL):
            rows = [
                {"name": f"Imported {n}", "email": f"i{n}@import.example", "custom_id": f"import-{n}",
                 "regular_user_id": person, "strategy_id": strategy}
                for n in range(start, start + CALL)
            ]  # fmt: skip
            api.ask("POST", f"{LEADS}bulk/", {"leads": rows})

    taken = {f"import {number:,} leads": once(bring_in)}
    other = next(lead["strategy_id"] for lead in patterns if lead["strategy_id"] != strategy)
    taken["delete a strategy and 10 leads"] = once(
        lambda: api.ask("DELETE", f"/api/v1/strategies/{other}/?cascade=true")
    )
    kept = {person, api.ask("GET", "/api/v1/me/")["id"]}
    other = next(lead["regular_user_id"] for lead in patterns if lead["regular_user_id"] not in kept)
    taken["delete a user and 10 leads"] = once(lambda: api.ask("DELETE", f"/api/v1/users/{other}/?cascade=true"))
    with system_scope("benchmark"):
        taken[f"delete a sub-account of {number:,} leads"] = once(sub_account.delete)
    return taken


def report(measured: dict[int, dict[str, float]]) -> list[str]:
    """Return the page: a row a call, a column a size, the growth from the smallest to the largest, and why."""
    sizes = sorted(measured)
    lines = [
        "# How costs grow",
        "",
        *(__doc__ or "").strip().splitlines()[2:],
        "",
        f"{os.cpu_count()} cores; on average {os.getloadavg()[2]:.0f} processes wanted them, these among them.",
        "",
        f"| ms | {' | '.join(f'{size:,} leads' for size in sizes)} | factor | |",
        f"|---|{'--:|' * (len(sizes) + 1)}---|",
    ]
    for name in measured[sizes[0]]:
        first, last = measured[sizes[0]][name], measured[sizes[-1]][name]
        figures = " | ".join(f"{measured[size][name]:,.1f}" for size in sizes)
        why = "flat" if last / first < FLAT else WHY.get(name, "")
        lines.append(f"| {name} | {figures} | {last / first:.1f} | {why} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=PROJECT / "var" / "growth", help="where the databases are kept")
    parser.add_argument("--leads", type=int, nargs="+", default=SIZES, help="the sizes (default: %(default)s)")
    parser.add_argument("--imported", type=int, default=100_000, help="how many leads to import (default: %(default)s)")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print("\n" + json.dumps(measure(options.data / str(options.one), options.one, options.imported)))
        return
    measured = {}
    for leads in options.leads:
        # A process can only ever use one database.
        one = [sys.executable, "-m", "benchmarks.growth", "--data", str(options.data), "--one", str(leads)]
        answer = subprocess.run(
            [*one, "--imported", str(options.imported)], stdout=subprocess.PIPE, text=True, check=True
        )
        measured[leads] = json.loads(answer.stdout.strip().splitlines()[-1])
    REPORT.write_text("\n".join(report(measured)) + "\n")
    print(REPORT.read_text())


if __name__ == "__main__":
    main()
