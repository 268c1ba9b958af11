"""The floor: psycopg and orjson alone. No framework, no walls, no validation; the same tokens, the same tables."""

import os
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

import jwt
import orjson
import psycopg
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg_pool import ConnectionPool

COLUMNS = (
    "id, name, email, phone, company, position, custom_id, timezone, status, notes, regular_user_id, strategy_id, "
    "message_history, conversation_state, last_message, last_message_date, created_at, updated_at, sub_account_id"
)
KEYS = COLUMNS.split(", ")
LIST = f"SELECT {COLUMNS} FROM leads WHERE sub_account_id = %s AND id < %s ORDER BY id DESC LIMIT 51"
DETAIL = f"SELECT {COLUMNS} FROM leads WHERE sub_account_id = %s AND id = %s"
INCLUDES = f"""
SELECT {", ".join(f"l.{key}" for key in KEYS)},
    (SELECT to_jsonb(u) - 'password' FROM users u WHERE u.id = l.regular_user_id),
    (SELECT to_jsonb(s) FROM strategies s WHERE s.id = l.strategy_id),
    (SELECT coalesce(jsonb_agg(b ORDER BY b.id), '[]') FROM bookings b WHERE b.lead_id = l.id)
FROM leads l WHERE l.sub_account_id = %s AND l.id = %s
"""
INCLUDED_KEYS = [*KEYS, "regular_user", "strategy", "bookings"]
CREATE = f"""
INSERT INTO leads (sub_account_id, name, email, phone, company, custom_id, regular_user_id, strategy_id, updated_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, now()) RETURNING {COLUMNS}
"""
BODY_KEYS = ("name", "email", "phone", "company", "custom_id", "regular_user_id", "strategy_id")
NEWEST = 2**62

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class RawJson(Loader):
    """jsonb as PostgreSQL sends it: one version byte, then the text."""

    format = Format.BINARY

    def load(self, data: Any) -> orjson.Fragment:
        return orjson.Fragment(bytes(data[1:]))


def _configure(connection: psycopg.Connection) -> None:
    connection.prepare_threshold = 0
    connection.adapters.register_loader("jsonb", RawJson)


pool = ConnectionPool(
    os.environ["BENCHMARK_DATABASE_URL"],
    min_size=1,
    max_size=10,
    kwargs={"autocommit": True},
    configure=_configure,
    open=True,
)


@lru_cache(maxsize=10_000)
def _claims(token: str) -> dict[str, Any]:
    return jwt.decode(
        token, os.environ["JWT_SIGNING_KEY"], algorithms=["HS256"], audience="loctelli-api", issuer="loctelli"
    )


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    claims = _claims(environ["HTTP_AUTHORIZATION"][7:])
    if claims["exp"] < time.time():
        start_response("401 Unauthorized", [])
        return [b""]
    status, body = _answer(environ, claims["sub_account_id"])
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _answer(environ: dict[str, Any], tenant: int) -> tuple[str, bytes]:
    path = environ["PATH_INFO"]
    if environ["REQUEST_METHOD"] == "POST":
        sent = orjson.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        row = _rows(CREATE, [tenant, *(sent.get(key) for key in BODY_KEYS)])[0]
        return "201 Created", orjson.dumps(dict(zip(KEYS, row, strict=True)))
    if path.endswith("/leads/"):
        before = int(parse_qs(environ["QUERY_STRING"]).get("before", [NEWEST])[0])
        rows = _rows(LIST, [tenant, before])
        page = [dict(zip(KEYS, row, strict=True)) for row in rows[:50]]
        following = f"?before={page[-1]['id']}" if len(rows) > 50 else None
        return "200 OK", orjson.dumps({"next": following, "previous": None, "results": page})
    lead = int(path.rstrip("/").rpartition("/")[2])
    with_includes = bool(environ["QUERY_STRING"])
    rows = _rows(INCLUDES if with_includes else DETAIL, [tenant, lead])
    if not rows:
        return "404 Not Found", b"{}"
    return "200 OK", orjson.dumps(dict(zip(INCLUDED_KEYS if with_includes else KEYS, rows[0], strict=True)))


def _rows(statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with pool.connection() as connection:
        return connection.cursor(binary=True).execute(statement, values).fetchall()
