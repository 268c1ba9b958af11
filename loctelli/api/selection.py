"""Which columns and relations an answer holds: `?fields=` and `?include=`, planned before any row is read.

A Selection names what is read; `loctelli.api.reading` reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.db import models

from loctelli.errors import InvalidRequest

MAX_LEVELS = 2
# How many rows an included to-many relation shows of each parent, the oldest first; its own list has them all.
# Lists within lists multiply, so an inner one shows fewer.
MAX_INCLUDED, MAX_NESTED = 100, 10
# How many rows one answer is made of at most, the included ones among them.
MAX_ROWS = 100_000


@dataclass(frozen=True, eq=False)
class Selection:
    """The fields of one serializer that are wanted, and the selections of the relations included beside them."""

    serializer: type
    fields: tuple[str, ...]
    includes: Mapping[str, "Selection"]

    @property
    def model(self) -> type[models.Model]:
        return self.serializer.Meta.model

    @cached_property
    def most_rows(self) -> int:
        """How many rows are read for one of these at most, with all that is included."""
        return self._most_rows(MAX_INCLUDED)

    def _most_rows(self, included: int) -> int:
        found = 1
        for name, child in self.includes.items():
            several = is_to_many(self.model._meta.get_field(name))
            found += included * child._most_rows(MAX_NESTED) if several else child._most_rows(included)
        return found


def is_to_many(relation) -> bool:
    """Return whether a relation leads to several rows."""
    return bool(relation.one_to_many)


def select(
    serializer: type, fields: tuple[str, ...] | None = None, include: tuple[str, ...] | None = None
) -> Selection:
    """Return the selection that `?fields=` and `?include=` ask of a serializer; refuse names it doesn't have.

    A field named through a relation (`sub_account.name`) includes the relation with just that.
    """
    return _select(serializer, fields, include or ())


@lru_cache(maxsize=1024)
def _select(serializer: type, fields: tuple[str, ...] | None, include: tuple[str, ...]) -> Selection:
    wanted: dict = {} if fields is None else {"fields": {}}
    for path in fields or ():
        *relations, name = path.split(".")
        branch = _descend(wanted, serializer, relations, path, "fields")
        branch["fields"][name] = path
    for path in include:
        _descend(wanted, serializer, path.split("."), path, "include")
    return _build(serializer, wanted)


def _descend(wanted: dict, serializer: type, relations: list[str], path: str, parameter: str) -> dict:
    """Return the branch of `wanted` that a path of relations leads to, made on the way."""
    if len(relations) > MAX_LEVELS:
        detail = f'"{path}" goes deeper than {MAX_LEVELS} levels.'
        raise InvalidRequest.at(parameter, "too_deep", detail)
    for name in relations:
        if name not in serializer.includes():
            known = ", ".join(sorted(serializer.includes())) or "none"
            raise InvalidRequest.at(parameter, "unknown_include", f'Nothing to include in "{path}"; there is: {known}.')
        serializer = serializer.includes()[name]
        wanted = wanted.setdefault("includes", {}).setdefault(name, {})
        if parameter == "fields":
            wanted.setdefault("fields", {})
    return wanted


def _build(serializer: type, wanted: dict) -> Selection:
    known, names = serializer.readable(), wanted.get("fields")
    includes = wanted.setdefault("includes", {})
    for name, path in (names or {}).items():
        if name in serializer.includes():
            # Named as a whole: all its fields, whatever else is named within it.
            includes.setdefault(name, {}).pop("fields", None)
        elif name not in known:
            raise InvalidRequest.at("fields", "unknown_field", f'"{path}" is none of: {", ".join(known)}.')
    return Selection(
        serializer,
        known if names is None else tuple(name for name in known if name in names),
        {name: _build(serializer.includes()[name], branch) for name, branch in includes.items()},
    )
