"""What is asked of the three: requests that each understands in its own way and answers with the same rows."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt

from benchmarks.installation import MARK, PASSWORD, Tenant
from benchmarks.servers import Server

LEADS = "/api/v1/leads/"
PAGE_SIZE = 50
LONGEST_PAGE = 200


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    token: str
    body: dict[str, Any] | None = None


@dataclass(frozen=True)
class Contender:
    """One of the three, with the tokens it believes, by sub-account."""

    name: str
    server: Server
    tokens: dict[int, str]


@dataclass(frozen=True)
class Scenario:
    """One kind of request: what is sent to whom, and what a right answer looks like."""

    name: str
    title: str
    requests: Callable[[Contender], list[Request]]
    status: int
    is_right: Callable[[Any], bool]
    contenders: tuple[str, ...] = ("ours", "plain", "floor")
    # The least ratio of requests a second to those of another, as the aim has it.
    aims: dict[str, float] = field(default_factory=dict)


def sign_in(server: Server, tenants: list[Tenant]) -> dict[int, str]:
    """Return the access tokens of one person of each sub-account, by its id, from Loctelli itself."""
    tokens = {}
    for tenant in tenants:
        status, answer = server.ask("POST", "/api/v1/auth/login/", body={"email": tenant.email, "password": PASSWORD})
        if status != 200:
            raise SystemExit(f"{tenant.email} could not sign in: {answer}")
        tokens[tenant.sub_account_id] = answer["access_token"]
    return tokens


def plain_tokens(key: str, tenants: list[Tenant]) -> dict[int, str]:
    """Return tokens as simplejwt issues them."""
    common = {"token_type": "access", "exp": int(time.time()) + 36_000, "iat": int(time.time()), "jti": "0" * 32}
    return {t.sub_account_id: jwt.encode({**common, "user_id": str(t.user_id)}, key) for t in tenants}


def scenarios(tenants: list[Tenant], largest: Tenant, talkative: Tenant, *, page: int) -> list[Scenario]:
    """Return everything that is measured; `page` is what is compared with page 1 of the largest sub-account."""

    def each(path: Callable[[Tenant], list[str]]) -> Callable[[Contender], list[Request]]:
        return lambda contender: [
            Request("GET", address, contender.tokens[tenant.sub_account_id])
            for tenant in tenants
            for address in path(tenant)
        ]

    def create(contender: Contender) -> list[Request]:
        return [
            Request("POST", LEADS, contender.tokens[tenant.sub_account_id], _new_lead(contender, tenant, number))
            for tenant in tenants
            for number in range(20)
        ]

    def deep(contender: Contender) -> list[Request]:
        token = contender.tokens[largest.sub_account_id]
        if contender.name == "plain":
            return [Request("GET", f"{LEADS}?limit={PAGE_SIZE}&offset={(page - 1) * PAGE_SIZE}", token)]
        return [Request("GET", _deep_page(contender.server, token, page), token)]

    def page_of(tenant: Tenant) -> Callable[[Contender], list[Request]]:
        return lambda contender: [Request("GET", LEADS, contender.tokens[tenant.sub_account_id])]

    details = each(lambda tenant: [f"{LEADS}{lead}/" for lead in tenant.lead_ids])
    includes = each(lambda tenant: [f"{LEADS}{n}/?include=regular_user,strategy,bookings" for n in tenant.lead_ids])
    walls = ("ours", "plain")
    return [
        Scenario(
            "list", "List of 50 leads", each(lambda tenant: [LEADS]), 200, _is_page, aims={"plain": 8, "floor": 0.35}
        ),
        Scenario(
            "sealed",
            "List of 50 leads, each with its last message decrypted",
            page_of(talkative),
            200,
            _is_unsealed,
            ("ours",),
        ),
        Scenario("detail", "Lead", details, 200, _is_lead, aims={"plain": 4, "floor": 0.35}),
        Scenario("includes", "Lead with regular_user, strategy and bookings", includes, 200, _has_includes),
        Scenario("first", "Page 1 of the largest sub-account", page_of(largest), 200, _is_page, walls),
        Scenario("deep", f"Page {page:,} of the largest sub-account", deep, 200, _is_page, walls),
        # Last, for it changes the tables.
        Scenario("create", "Create a lead", create, 201, _is_lead, aims={"plain": 4, "floor": 0.25}),
    ]


def _new_lead(contender: Contender, tenant: Tenant, number: int) -> dict[str, Any]:
    suffix = "" if contender.name == "plain" else "_id"
    return {
        "name": f"Zoë Åkesson {number}",
        "email": f"zoe.akesson{number}@mail.example",
        "phone": "+46 8 555 0142",
        "company": "Åkesson Café",
        "custom_id": MARK,
        f"regular_user{suffix}": tenant.user_id,
        f"strategy{suffix}": tenant.strategy_id,
    }


def _deep_page(server: Server, token: str, page: int) -> str:
    """Walk to a page, four at a time, and return its address."""
    path = f"{LEADS}?page_size={LONGEST_PAGE}"
    for _ in range((page - 1) * PAGE_SIZE // LONGEST_PAGE):
        _, answer = server.ask("GET", path, token=token)
        path = LEADS + "?" + answer["next"].partition("?")[2]
    return path.replace(f"page_size={LONGEST_PAGE}", f"page_size={PAGE_SIZE}")


def _is_page(answer: Any) -> bool:
    return len(answer["results"]) == PAGE_SIZE and _is_lead(answer["results"][0])


def _is_unsealed(answer: Any) -> bool:
    return _is_page(answer) and all(" " in lead["last_message"] for lead in answer["results"])


def _is_lead(answer: Any) -> bool:
    return {"id", "name", "email", "status", "conversation_state", "created_at"} <= answer.keys()


def _has_includes(answer: Any) -> bool:
    return (
        _is_lead(answer)
        and answer["strategy"]["name"] != ""
        and "@" in answer["regular_user"]["email"]
        and answer["bookings"][0]["details"]["location"] == "Zoom"
    )
