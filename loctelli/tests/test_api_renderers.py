import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.utils.functional import lazystr

from loctelli.api.parsers import StrictJSONParser
from loctelli.api.renderers import JSONOnlyNegotiation, OrjsonRenderer, dumps


def test_times_are_utc_and_end_in_z():
    assert dumps({"at": datetime(2026, 3, 1, 16, 20, 0, 123456, tzinfo=UTC)}) == b'{"at":"2026-03-01T16:20:00.123456Z"}'


def test_what_orjson_refuses_is_rendered_all_the_same():
    data = {"big": 2**70, "at": datetime(2026, 3, 1, tzinfo=UTC), "lazy": lazystr("x"), "deep": deep(300)}

    assert json.loads(dumps(data)) == {"big": 2**70, "at": "2026-03-01T00:00:00Z", "lazy": "x", "deep": deep(300)}


def test_no_data_is_no_body():
    assert OrjsonRenderer().render(None) == b""


@pytest.mark.parametrize(
    ("content_type", "taken"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("text/json", False),
        ("application/*", False),
        ("*/*", False),
        ("", False),
        (None, False),
        ("multipart/form-data; boundary=x", False),
        ("application/x-www-form-urlencoded", False),
    ],
)
def test_bodies_are_json_and_nothing_else(content_type, taken):
    parser = JSONOnlyNegotiation().select_parser(SimpleNamespace(content_type=content_type), [StrictJSONParser()])

    assert (parser is not None) == taken


def test_answers_are_json_whatever_is_accepted():
    renderer = OrjsonRenderer()

    assert JSONOnlyNegotiation().select_renderer(None, [renderer]) == (renderer, "application/json")


def deep(levels: int) -> list:
    found: list = []
    for _ in range(levels):
        found = [found]
    return found
