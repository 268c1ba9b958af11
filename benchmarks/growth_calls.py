"""What the growth of costs is measured of: each call of leads, the other lists, and what the console reads."""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.in_process import call
from benchmarks.indexes import Index, Indexes
from benchmarks.installation import DOOMED, PASSWORD, THROTTLES, UNREACHABLE, Installation

LEADS = "/api/v1/leads/"
PAGE, ROWS, CALL = 1000, 50, 1000
REPEATS, WARM = 15, 3
# Of a hundred leads, so many captured people, messages and entries of the audit trail are there.
RECORDS = 5


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


class Calls:
    """What each call took, in milliseconds, and through which indexes it read."""

    def __init__(self) -> None:
        self.taken: dict[str, float] = {}
        self.indexes = Indexes()

    def best(self, name: str, do: Callable[[], Any]) -> None:
        """Note what a call takes when nothing else disturbs the machine."""
        taken = []
        for _ in range(WARM + REPEATS):
            started = time.perf_counter()
            do()
            taken.append((time.perf_counter() - started) * 1000)
        self.taken[name] = min(taken[WARM:])
        self.indexes.note(name)

    def once(self, name: str, do: Callable[[], Any]) -> None:
        """Note what something takes that can't be repeated."""
        started = time.perf_counter()
        do()
        self.taken[name] = (time.perf_counter() - started) * 1000
        self.indexes.note(name)


def measure(data: Path, leads: int, imported: int) -> tuple[dict[str, float], list[Index]]:
    """Return what each call takes at this size, and the indexes with what was read through them."""
    Installation.open(data, leads, durable=True)
    from django.conf import settings

    from loctelli.management.generating.records import add_records
    from loctelli.management.generating.sub_accounts import gather_statistics
    from tenants.models import SubAccount
    from tenants.scope import system_scope

    for name in THROTTLES:
        setattr(settings, name, UNREACHABLE)
    with system_scope("benchmark"):
        generated = [SubAccount.objects.get(settings__generated=number) for number in (1, 2)]
    for sub_account in generated:
        add_records(sub_account, leads * RECORDS // 100)
    gather_statistics()
    large, small, calls = Api(1), Api(2), Calls()
    read_leads(calls, large, small)
    read_others(calls, large)
    read_as_the_console(calls)
    write(calls, large)
    import_and_delete(calls, imported)
    return calls.taken, sorted(calls.indexes.found.values(), key=lambda index: (index.table, index.name))


def read_leads(calls: Calls, large: Api, small: Api) -> None:
    newest = large.ask("GET", f"{LEADS}?page_size=200")["results"]
    some = next(lead for lead in newest if lead["email"] and lead["phone"])
    digits = "".join(character for character in some["phone"] if character.isdigit())
    american = f"({digits[-10:-7]}) {digits[-7:-4]}-{digits[-4:]}"
    addresses = {
        "list: page 1": "",
        "list: page 1,000": large.page(PAGE).removeprefix(LEADS),
        "list: count=true": "?count=true",
        **{
            f"ordered by {name}": f"?ordering={name}"
            for name in ("id", "name", "-name", "created_at", "-created_at", "updated_at", "-updated_at")
        },
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
        "search: one letter": "?search=a",
        "search: two letters": "?search=an",
        "search: a first name": "?search=james",
        "search: a first name, ordered by name": "?search=james&ordering=-name",
        "search: a first name, with count=true": "?search=james&count=true",
        "search: a name without its accents": "?search=jurgen",
        "search: a name and a company": "?search=james+solar",
        "search: two names that never meet": "?search=james+garcia",
        "search: a whole name": f"?search={quote(some['name'])}",
        "search: part of a company": "?search=roof",
        "search: a whole e-mail": f"?search={quote(some['email'])}",
        "search: an e-mail's domain": "?search=mail.example",
        "search: an e-mail's domain, with count=true": "?search=mail.example&count=true",
        "search: the last four digits of a phone number": f"?search={digits[-4:]}",
        "search: a phone number as it was written": f"?search={quote(some['phone'])}",
        "search: a phone number's digits": f"?search={digits}",
        "search: a phone number in another format": f"?search={quote(american)}",
        "search: in the oldest leads alone": "?search=generated-10",
        "search: nothing found": "?search=zzzqqq",
        "detail": f"{some['id']}/",
        "detail with person, strategy, bookings": f"{some['id']}/?include=regular_user,strategy,bookings",
    }
    for name, address in addresses.items():
        calls.best(name, partial(large.ask, "GET", LEADS + address))
    for name, address in {
        "search: a first name, in a small sub-account": "?search=james",
        "search: what another sub-account alone has": f"?search={some['custom_id']}",
    }.items():
        calls.best(name, partial(small.ask, "GET", LEADS + address))


def read_others(calls: Calls, api: Api) -> None:
    """Read the other lists that grow, each in each order and by each filter that an index is for."""
    from loctelli.management.generating.records import RARE_FORM

    booking = api.ask("GET", "/api/v1/bookings/?page_size=1")["results"][0]
    user, lead = booking["regular_user_id"], booking["lead_id"]
    addresses = [
        "bookings/", "bookings/?ordering=created_at", "bookings/?ordering=-updated_at", "bookings/?status=pending",
        "bookings/?status=pending&count=true",
        f"bookings/?regular_user_id={user}", f"bookings/?lead_id={lead}", "bookings/?search=james",
        "contact-submissions/", "contact-submissions/?ordering=updated_at", "contact-submissions/?status=CLOSED_WON",
        f"contact-submissions/?assigned_to_id={user}", "contact-submissions/?search=5551234",
        "form-submissions/", "form-submissions/?ordering=-updated_at", "form-submissions/?status=archived",
        f"form-submissions/?assigned_to_id={user}", f"form-submissions/?form_template_id={RARE_FORM}",
        "form-submissions/?search=5551234",
        "conversation-messages/?fields=id", f"conversation-messages/?fields=id&lead_id={lead}",
        "audit-entries/", f"audit-entries/?model=crm.lead&object_id={lead}", "security-incidents/",
    ]  # fmt: skip
    named = {f"lead_id={lead}": "lead_id", f"_id={user}": "_id", f"={RARE_FORM}": "", f"object_id={lead}": "object_id"}
    for address in addresses:
        name = address
        for value, shown in named.items():
            name = name.replace(value, shown)
        calls.best(name, partial(api.ask, "GET", f"/api/v1/{address}"))


def read_as_the_console(calls: Calls) -> None:
    """Read what the console does over all sub-accounts, without its pages around it."""
    from django.utils import timezone

    from crm.counts import count_anew
    from crm.meetings import DAY, still_to_come
    from crm.models import Booking, ContactSubmission, Lead
    from forms.models import FormSubmission
    from security.models import SecurityIncident
    from tenants.scope import system_scope

    def read(rows: Callable[[], Any]) -> Callable[[], None]:
        def do() -> None:
            with system_scope("benchmark"):
                list(rows()[:ROWS])

        return do

    def newest() -> Any:
        return Lead.objects.order_by("-created_at", "-id")

    rows = {
        "leads": newest,
        "leads by a first name": lambda: Lead.search_index.find(newest(), "james", shown=newest()),
        "bookings": lambda: Booking.objects.order_by("-created_at", "-id"),
        "bookings to come": lambda: still_to_come(Booking.objects.all(), now=timezone.now()).order_by(DAY.asc(), "id"),
        "contact submissions": lambda: ContactSubmission.objects.order_by("-submitted_at", "-id"),
        "form submissions": lambda: FormSubmission.objects.order_by("-submitted_at", "-id"),
        "incidents unresolved": lambda: SecurityIncident.objects.filter(resolved=False).order_by("-created_at"),
        "incidents of a type": lambda: SecurityIncident.objects.filter(type="RATE_LIMIT_EXCEEDED").order_by(
            "-created_at"
        ),
    }
    for name, found in rows.items():
        calls.best(f"console: {name}", read(found))

    def count() -> None:
        with system_scope("benchmark"):
            count_anew(days=2)

    calls.once("console: the last two days counted", count)


def write(calls: Calls, api: Api) -> None:
    pattern = api.ask("GET", f"{LEADS}?page_size=1")["results"][0]
    submission = api.ask("GET", "/api/v1/contact-submissions/?page_size=1")["results"][0]["id"]
    fields = {"regular_user_id": pattern["regular_user_id"], "strategy_id": pattern["strategy_id"]}
    made: list[int] = []

    def create() -> None:
        body = {**fields, "name": f"Growth {len(made)}", "email": "g@growth.example", "phone": "+49 30 555 0100"}
        made.append(api.ask("POST", LEADS, body)["id"])

    calls.best("create", create)
    changes = iter(range(1000))
    calls.best("update", lambda: api.ask("PATCH", f"{LEADS}{made[0]}/", {"notes": f"Change {next(changes)}"}))
    notes = f"/api/v1/contact-submissions/{submission}/notes/"
    calls.best("append a note", lambda: api.ask("POST", notes, {"content": "Called."}))
    calls.once("delete a lead", lambda: api.ask("DELETE", f"{LEADS}{made.pop()}/"))
    for key in made:
        api.ask("DELETE", f"{LEADS}{key}/")


def import_and_delete(calls: Calls, number: int) -> None:
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
                for n in range(start, min(start + CALL, number))
            ]  # fmt: skip
            api.ask("POST", f"{LEADS}bulk/", {"leads": rows})

    def take_apart() -> None:
        with system_scope("benchmark"):
            sub_account.delete()

    calls.once(f"import {number:,} leads", bring_in)
    other = next(lead["strategy_id"] for lead in patterns if lead["strategy_id"] != strategy)
    deletion = f"/api/v1/strategies/{other}/?cascade=true"
    calls.once("delete a strategy and 10 leads", lambda: api.ask("DELETE", deletion))
    # With a user go their strategies, and with the imported leads' own those leads would go.
    owner = api.ask("GET", f"/api/v1/strategies/{strategy}/")["regular_user_id"]
    kept = {person, owner, api.ask("GET", "/api/v1/me/")["id"]}
    someone = next(lead["regular_user_id"] for lead in patterns if lead["regular_user_id"] not in kept)
    calls.once("delete a user and 10 leads", lambda: api.ask("DELETE", f"/api/v1/users/{someone}/?cascade=true"))
    calls.once(f"delete a sub-account of {number:,} leads", take_apart)
