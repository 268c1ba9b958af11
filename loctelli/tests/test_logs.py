import io
import json
import logging
import re
import sys
from types import SimpleNamespace

import psycopg
import pytest
import structlog
from django.http import HttpResponse
from django.test import RequestFactory
from structlog.testing import capture_logs

from loctelli import logs


@pytest.fixture(autouse=True)
def _configured_as_before():
    """Each test configures structlog as it wants, and the next one finds it as it was."""
    configured = structlog.get_config()
    yield
    structlog.configure(**configured)
    logs.request_id.set(None)


def caught_stderr(monkeypatch) -> io.BytesIO:
    """Have stderr written to memory from here on; a fixture comes too early, before pytest's own."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(buffer=written))
    return written


def answer(request):
    return HttpResponse(status=204)


def test_one_line_for_each_request_without_its_query():
    logs.configuration(json_lines=False, level="INFO")
    with capture_logs() as lines:
        logs.RequestLogMiddleware(answer)(RequestFactory().get("/api/v1/leads/?search=secret@person.example"))

    line = lines[0]
    assert len(lines) == 1
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/v1/leads/", 204)
    assert line["ms"] >= 0
    assert "secret" not in json.dumps(lines)


def test_in_production_the_line_is_json_as_structlog_writes_it(monkeypatch):
    stderr = caught_stderr(monkeypatch)
    logs.configuration(json_lines=True, level="INFO")
    logs.RequestLogMiddleware(answer)(RequestFactory().get("/", headers={"X-Request-ID": "proxy-1234"}))
    structlog.get_logger(logs.REQUEST_LOG).info("request", method="GET", path="/", status=204, ms=0.1)

    ours, theirs = map(json.loads, stderr.getvalue().splitlines())
    assert ours.keys() == theirs.keys()
    assert {**ours, "ms": 0.1, "timestamp": theirs["timestamp"]} == theirs
    assert re.fullmatch(r"[0-9-]{10}T[0-9:]{8}(\.[0-9]{6})?Z", ours["timestamp"])


def test_where_only_warnings_are_logged_requests_are_not(monkeypatch):
    stderr = caught_stderr(monkeypatch)
    logs.configuration(json_lines=True, level="WARNING")
    logs.RequestLogMiddleware(answer)(RequestFactory().get("/"))

    assert stderr.getvalue() == b""


@pytest.mark.parametrize(
    ("given", "taken"),
    [("proxy-1234.abc", True), ("short", False), ("with space 123", False), ("x" * 65, False), ("a\nb" * 8, False)],
)
def test_a_caller_s_request_id_is_kept_when_it_looks_like_one(given, taken):
    response = logs.RequestLogMiddleware(answer)(RequestFactory().get("/", headers={"X-Request-ID": given}))

    assert (response["X-Request-ID"] == given) is taken
    assert logs.REQUEST_ID.fullmatch(response["X-Request-ID"])


def record_of(error):
    return logging.LogRecord("django.request", logging.ERROR, "", 0, "Failed: %s", ("/x",), (type(error), error, None))


def test_an_unreachable_database_is_one_line():
    outage = RuntimeError("wrapped")
    outage.__cause__ = psycopg.OperationalError("connection refused")
    record = record_of(outage)

    logs.OutagesInOneLine().filter(record)

    assert (record.getMessage(), record.exc_info) == ("Failed: /x: connection refused", None)


def test_other_errors_keep_their_stack_trace():
    record = record_of(ZeroDivisionError())

    logs.OutagesInOneLine().filter(record)

    assert record.getMessage() == "Failed: /x"
    assert record.exc_info is not None


@pytest.mark.parametrize("json_lines", [True, False])
def test_a_stack_trace_shows_no_local_variables(json_lines):
    formatter = logging.config.DictConfigurator(
        logs.configuration(json_lines=json_lines, level="INFO")
    ).configure_formatter(logs.configuration(json_lines=json_lines, level="INFO")["formatters"]["structured"])
    try:
        password = "hunter2"[::-1]
        raise ZeroDivisionError(len(password))
    except ZeroDivisionError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "Failed", (), (type(error), error, error.__traceback__))

    line = formatter.format(record)

    assert "ZeroDivisionError" in line
    assert "2retnuh" not in line
