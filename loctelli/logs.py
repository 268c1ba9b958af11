"""Structured logs: one line an event, JSON in production, and one line for every request. Nothing secret in them."""

import logging
import random
import re
import sys
import time
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
import structlog
from django.http import HttpRequest, HttpResponseBase

from loctelli.headers import put_on

ENDED_BY_POSTGRES = (
    psycopg.errors.QueryCanceled,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
)
REQUEST_LOG = "loctelli.request"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

# Of the request that is being answered, which each of its lines carries.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def configuration(*, json_lines: bool, level: str) -> dict[str, Any]:
    """Return Django's LOGGING setting, and have structlog's own loggers write through it."""
    shared: list[Any] = [
        _with_request_id,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # The plain stack trace: the pretty one shows local variables, passwords among them.
    pretty = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    # Our own lines, one of which each request is, go straight out: the way through the logging module costs far more.
    structlog.configure(
        processors=[
            *shared,
            *(
                [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(orjson.dumps)]
                if json_lines
                else [pretty]
            ),
        ],
        logger_factory=BytesLogger if json_lines else TextLogger,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
    renderers: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()] if json_lines else [pretty]
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"outages_in_one_line": {"()": "loctelli.logs.OutagesInOneLine"}},
        "formatters": {
            "structured": {
                "()": "structlog.stdlib.ProcessorFormatter",
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
                "foreign_pre_chain": shared,
            },
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "structured",
                "filters": ["outages_in_one_line"],
            },
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level},
            # runserver's own access log: the request log says more.
            "django.server": {"handlers": [], "propagate": False},
            # "Not Found: /…" for each refused request: the request log says the status.
            "django.request": {"level": "ERROR"},
            # A stack trace for each scanner that makes up a host name: the request log says 400.
            "django.security.DisallowedHost": {"handlers": [], "propagate": False},
            # At DEBUG, for each variable a template does without, everything that the page was given: codes shown once
            # and form tokens among it.
            "django.template": {"level": "INFO"},
            # Chatty about every connection it hands out.
            "psycopg.pool": {"level": "WARNING"},
            # Names every job with its arguments.
            "procrastinate": {"level": "WARNING"},
        },
    }


def _with_request_id(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if (known := request_id.get()) is not None:
        event.setdefault("request_id", known)
    return event


class BytesLogger(structlog.BytesLogger):
    """Writes lines in bytes to stderr."""

    def __init__(self, name: str) -> None:
        super().__init__(sys.stderr.buffer)
        self.name = name


class TextLogger(structlog.WriteLogger):
    """Writes lines of text to stderr."""

    def __init__(self, name: str) -> None:
        super().__init__(sys.stderr)
        self.name = name


class OutagesInOneLine(logging.Filter):
    """Drops the stack trace of an unreachable database: while it lasts, each request would repeat it."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        while error is not None:
            if isinstance(error, ENDED_BY_POSTGRES):
                # The database is there: which code asked too much of it is what one wants to know.
                break
            if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
                record.msg, record.args = f"{record.getMessage().strip()}: {error}", ()
                record.exc_info = record.exc_text = None
                break
            error = error.__cause__
        return True


def _json_line(logger: BytesLogger) -> Callable[..., None]:
    """Return what writes the line that structlog's processors would: theirs take a tenth of a plain read."""

    def write(event: str, **known: Any) -> None:
        line = {
            **known,
            "event": event,
            "request_id": request_id.get(),
            "level": "info",
            "logger": logger.name,
            "timestamp": datetime.now(UTC),
        }
        logger.msg(orjson.dumps(line, option=orjson.OPT_UTC_Z))

    return write


def new_request_id() -> str:
    """Return 128 random bits in hex; nobody has to be unable to guess them."""
    return f"{random.getrandbits(128):032x}"


class RequestLogMiddleware:
    """Logs one line for each request and gives it an id, which the response carries as `X-Request-ID`.

    A caller's own id is taken over when it looks like one, so that a request can be followed through a proxy.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.log = structlog.get_logger(REQUEST_LOG)
        writes_json = structlog.get_config()["logger_factory"] is BytesLogger and self.log.is_enabled_for(logging.INFO)
        self.write = _json_line(BytesLogger(REQUEST_LOG)) if writes_json else self.log.info

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        known = given if REQUEST_ID.fullmatch(given) else new_request_id()
        request_id.set(known)
        response = self.get_response(request)
        put_on(response, "X-Request-ID", known)
        self.write(
            "request",
            method=request.method,
            # Without the query, which may hold what a person searched for.
            path=request.path,
            status=response.status_code,
            ms=round((time.perf_counter() - started) * 1000, 1),
        )
        return response
