"""Answers are JSON, whatever a request says it accepts, and so are request bodies."""

import json
from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer


class OrjsonRenderer(BaseRenderer):
    """Renders JSON; times are UTC and end in Z."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(self, data: Any, accepted_media_type=None, renderer_context=None) -> bytes:
        if data is None:
            return b""
        return dumps(data)


def dumps(data: Any) -> bytes:
    """Return data as JSON in UTF-8."""
    try:
        return orjson.dumps(data, default=_default, option=orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:
        # A jsonb column may hold integers past 64 bits, written by other means than this API; orjson refuses them.
        return json.dumps(data, default=_fallback, separators=(",", ":")).encode()


def _default(value: Any) -> Any:
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _fallback(value: Any) -> Any:
    # What orjson knows by itself and the standard library does not: times, dates, UUIDs, JSON that is text already.
    return json.loads(orjson.dumps(value, default=_default, option=orjson.OPT_UTC_Z))


class JSONOnlyNegotiation(BaseContentNegotiation):
    """Answers with the view's first renderer; takes a body only when its type is exactly the parser's."""

    def select_parser(self, request, parsers):
        essence = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == essence), None)

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type
