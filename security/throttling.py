"""Throttles that are exact however many threads and processes count: one statement in PostgreSQL a request.

A hit is counted before the request's scope opens, in a transaction of its own: inside, one tenant's requests would wait
for each other's commit, and a refused request, rolled back, would not count.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import NamedTuple, cast

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from loctelli.database.base import DatabaseWrapper
from loctelli.database.queries import Query
from loctelli.errors import DomainError
from loctelli.headers import put_on
from security.choices import IncidentType, Severity

LONGEST_WINDOW = 86_400


class ThrottledTooLate(RuntimeError):
    """A hit was to be counted inside a transaction."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How many hits are let through in a window of so many seconds, which begins with its first hit."""

    limit: int
    seconds: int

    @classmethod
    @lru_cache
    def parse(cls, text: str) -> "Rate":
        """Read "<hits>/<seconds>", as the settings write it; raise ValueError for anything else."""
        match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,5})", text)
        rate = cls(int(match[1]), int(match[2])) if match else cls(0, 0)
        if rate.limit < 1 or not 1 <= rate.seconds <= LONGEST_WINDOW:
            raise ValueError(f'"{text}" is no rate: write "<hits>/<seconds>", such as "600/60", a day at most.')
        return rate

    def __str__(self) -> str:
        return f"{self.limit}/{self.seconds}"


class Verdict(NamedTuple):
    """What the count says of one hit; `reset_seconds` is when its window ends, rounded up."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int
    window_seconds: int


class Throttled(DomainError):
    """More hits came than a rate allows."""

    code = "throttled"
    status = 429

    def __init__(self, verdicts: Mapping[str, Verdict]) -> None:
        wait = max((verdict.reset_seconds for verdict in verdicts.values() if not verdict.allowed), default=1)
        super().__init__(
            f"Too many requests: try again in {wait} second{'' if wait == 1 else 's'}.",
            headers={"Retry-After": str(wait), **rate_limit_headers(verdicts)},
        )


def hit(key: str, rate: Rate) -> Verdict:
    """Count one hit on a key, such as "login:address:203.0.113.7", and return what its rate says; never raises for it.

    Only a keyed hash of key and rate is stored. Raises ThrottledTooLate inside a transaction, scopes included.
    """
    return hit_each({"": (key, rate)})[""]


def spend(name: str, key: str, rate: Rate) -> None:
    """Count one hit on a key as `hit` does; raise Throttled, which names the policy, when it is one too many."""
    if error := refusal({name: hit(key, rate)}):
        raise error


def hit_each(policies: Mapping[str, tuple[str, Rate]]) -> dict[str, Verdict]:
    """Count one request on several keys, by the names of their policies, and return the verdict of each.

    Stops at the first that refuses, so name the narrowest first: one user's flood is not counted against the
    sub-account. Every caller names them in the same order, or two would wait for each other.
    """
    # As Django's own durable blocks do, look past the transaction that a test case wraps around everything.
    if any(not block._from_testcase for block in connection.atomic_blocks):  # type: ignore[attr-defined]
        raise ThrottledTooLate("A hit is counted before the transaction that it may refuse begins.")
    hits = Hits(policies)
    cast(DatabaseWrapper, connection).send([hits])
    return hits.verdicts()


class Hits(Query):
    """What counts one request on several keys as `hit_each` does, to be sent along with something else.

    It needs a transaction of its own, which is committed whatever becomes of the request's.
    """

    def __init__(self, policies: Mapping[str, tuple[str, Rate]]) -> None:
        self.policies = policies
        keys = [_counter(key, rate) for key, rate in policies.values()]
        super().__init__(_counting(*(rate for _, rate in policies.values())), keys)

    def verdicts(self) -> dict[str, Verdict]:
        """Return the verdict of each policy; those after the first refusal were not counted and have none."""
        verdicts = {}
        for (name, (key, rate)), (hits, reset_seconds) in zip(self.policies.items(), self.rows, strict=False):
            # Counted in PostgreSQL: one process alone sees this number in a window.
            if hits > rate.limit and hits == rate.limit * settings.THROTTLE_STORM_FACTOR + 1:
                _report_storm(key, rate)
            verdicts[name] = Verdict(
                allowed=hits <= rate.limit,
                limit=rate.limit,
                remaining=max(rate.limit - hits, 0),
                reset_seconds=max(ceil(reset_seconds), 1),
                window_seconds=rate.seconds,
            )
        return verdicts


@lru_cache(maxsize=1024)
def _counting(*rates: Rate) -> str:
    """Return the statement that counts on a key for each of some rates; the rates are numbers and stand in it."""
    limits, seconds = (
        [str(number) for number in numbers] for numbers in zip(*((r.limit, r.seconds) for r in rates), strict=True)
    )
    keys = ", ".join(["%s"] * len(rates))
    return (
        f"SELECT hits, reset_seconds FROM throttle_hits(ARRAY[{keys}], "
        f"ARRAY[{', '.join(limits)}], ARRAY[{', '.join(seconds)}])"
    )


@lru_cache(maxsize=10_000)
def _counter(key: str, rate: Rate) -> str:
    return salted_hmac("security.throttling", f"{rate} {key}", algorithm="sha256").hexdigest()


def refusal(verdicts: Mapping[str, Verdict]) -> Throttled | None:
    """Return the error to answer with, or None when every verdict lets the request through."""
    return None if all(verdict.allowed for verdict in verdicts.values()) else Throttled(verdicts)


def add_rate_limit_headers(response: HttpResponse, verdicts: Mapping[str, Verdict]) -> HttpResponse:
    """Tell on an answer how much is left, before what a narrower throttle of the view's own has told already."""
    for name, value in rate_limit_headers(verdicts).items():
        told = response.headers.get(name)
        put_on(response, name, f"{value}, {told}" if told else value)
    return response


def _report_storm(key: str, rate: Rate) -> None:
    # Imported here: models, which incidents are, can't be loaded as early as this module.
    from security import incidents

    incidents.report(
        IncidentType.THROTTLE_STORM,
        severity=Severity.MEDIUM,
        description="Somebody goes on sending long after being throttled.",
        metadata={"throttle": key[:200], "rate": str(rate)},
    )


def rate_limit_headers(verdicts: Mapping[str, Verdict]) -> dict[str, str]:
    """Return the `RateLimit` fields of draft-ietf-httpapi-ratelimit-headers-10 for policies by name, such as "api"."""
    return {
        "RateLimit-Policy": ", ".join(f'"{name}";q={v.limit};w={v.window_seconds}' for name, v in verdicts.items()),
        "RateLimit": ", ".join(f'"{name}";r={v.remaining};t={v.reset_seconds}' for name, v in verdicts.items()),
    }


def prune() -> int:
    """Delete the counters whose window is over, in the system scope; return how many.

    Whoever comes from ever new addresses leaves a row each, which is gone at the next pruning after its window.
    """
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM throttle_counters WHERE window_end <= clock_timestamp()")
        return cursor.rowcount


def peer_address(request: HttpRequest) -> str | None:
    """Return the address a request came from as the trusted proxies saw it; None when it came over no network.

    Each of `TRUSTED_PROXY_HOPS` proxies has appended the address it was called from to `X-Forwarded-For`; whatever
    stands further left is the client's own word. An unreadable entry gives way to the proxy's that passed it on.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if settings.TRUSTED_PROXY_HOPS else []
    chain = [*forwarded, request.META.get("REMOTE_ADDR") or ""]
    for entry in chain[max(len(chain) - 1 - settings.TRUSTED_PROXY_HOPS, 0) :]:
        address = _parse_address(entry.strip())
        if address is not None:
            return address
    return None


def client_address(request: HttpRequest) -> str:
    """Return what to throttle a client by: its IPv4 address or, since one client holds them all, its IPv6 /64."""
    address = peer_address(request)
    if address is None:
        return "unknown"
    return str(ip_network((int(IPv6Address(address)) >> 64 << 64, 64))) if ":" in address else address


@lru_cache(maxsize=10_000)
def _parse_address(entry: str) -> str | None:
    # Some proxies write the port too: "203.0.113.7:4711", "[2001:db8::1]:4711"; a zone names an interface of ours.
    if match := re.fullmatch(r"\[([^]]*)\](:[0-9]+)?|([0-9.]+):[0-9]+", entry):
        entry = match[1] or match[3] or ""
    try:
        address = ip_address(entry.partition("%")[0])
    except ValueError:
        return None
    return str((address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address)
