"""Which view answers at an address: Django's own word for it, remembered for the addresses that differ by an id."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.urls import resolve

# The address of one row, and an id of the same kind for each kind of id.
ROW = re.compile(r"(/.*/)(?:([0-9]{1,18})|(c[0-9a-z]{24}))/")
NUMBER, CUID = "1", "c" + "0" * 24


class Route(NamedTuple):
    """A view, and what the address names to it."""

    view: Callable[..., Any]
    kwargs: dict[str, Any]


def route(path: str) -> Route:
    """Return the route of an address; raise Django's Resolver404 where there is none."""
    match = ROW.fullmatch(path)
    if match is None:
        return _resolved(settings.ROOT_URLCONF, path)
    parent, number, cuid = match.groups()
    known = _resolved(settings.ROOT_URLCONF, f"{parent}{NUMBER if number else CUID}/")
    return Route(known.view, {"pk": number or cuid}) if known.kwargs.keys() == {"pk"} else _of(path)


@lru_cache(maxsize=1024)
def _resolved(urlconf: str, path: str) -> Route:
    return _of(path)


def _of(path: str) -> Route:
    match = resolve(path)
    return Route(match.func, match.kwargs)
