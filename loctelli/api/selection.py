"""Which columns and relations an answer holds: `?fields=` and `?include=`, planned before any row is read.

A Selection names what is read; `loctelli.api.representation` turns rows into answers by it. The two know nothing else
of each other, so that rows may as well go from the cursor to JSON.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.db import models
from django.db.models import Prefetch

from loctelli.errors import InvalidRequest

MAX_LEVELS = 2
# How many rows an included to-many relation shows of each parent, the oldest first; its own list has them all.
MAX_INCLUDED = 100


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
    def columns(self) -> tuple[str, ...] | None:
        """The columns that are read, of joined rows too; None for all, when a computed field doesn't say which."""
        found = {self.model._meta.pk.name, *self.serializer.always_reads}
        for name in self.fields:
            reads = self.serializer.reads(name)
            if reads is None:
                return None
            found.update(reads)
        return tuple(sorted(found))

    def apply(self, queryset: models.QuerySet, *, also: Iterable[str] = ()) -> models.QuerySet:
        """Return the queryset reading just this and the columns `also`; their number of rows changes no query count."""
        columns, joins, prefetches = self._plan("")
        if joins:
            queryset = queryset.select_related(*joins)
        if columns is not None:
            queryset = queryset.only(*columns, *also)
        return queryset.prefetch_related(*prefetches) if prefetches else queryset

    def _plan(self, prefix: str) -> tuple[list[str] | None, list[str], list[Prefetch]]:
        """Return columns (None for all), to-one relations to join and to-many relations to prefetch, as lookups."""
        columns = None if self.columns is None else [prefix + column for column in self.columns]
        joins, prefetches = self._joined_columns(prefix), []
        for name, child in self.includes.items():
            relation, lookup = self.model._meta.get_field(name), prefix + name
            if is_to_many(relation):
                prefetches.append(child.prefetch(lookup, relation, to_attr=included(name)))
                continue
            child_columns, child_joins, child_prefetches = child._plan(f"{lookup}__")
            joins += [lookup, *child_joins]
            prefetches += child_prefetches
            columns = None if columns is None or child_columns is None else [*columns, lookup, *child_columns]
        return columns, joins, prefetches

    def _joined_columns(self, prefix: str) -> list[str]:
        """Return the relations that computed fields read through, such as "integration_template__config_schema"."""
        return sorted({prefix + column.rpartition("__")[0] for column in self.columns or () if "__" in column})

    def prefetch(self, lookup: str, relation, *, to_attr: str) -> Prefetch:
        """Return the prefetch of a to-many relation: so many rows of each parent, through the model's own manager."""
        queryset = self.apply(self.model._default_manager.order_by("pk"), also=[relation.field.name])
        return Prefetch(lookup, queryset[:MAX_INCLUDED], to_attr=to_attr)


def is_to_many(relation) -> bool:
    """Return whether a relation leads to several rows."""
    return bool(relation.one_to_many)


def included(name: str) -> str:
    """Return the attribute that holds the rows of an included to-many relation, which are not all that it has."""
    return f"included_{name}"


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
