"""Filters, search and their parameters: declared on a viewset as `filterset_fields` and `search_fields`."""

import operator
import re
from functools import cache, reduce
from typing import Any

import django_filters
from django.db import models
from django.db.models import F, Func, Q, Value
from django_filters import BaseCSVFilter
from rest_framework.filters import BaseFilterBackend

from loctelli.api import parameters
from loctelli.api.filtersets import INT64, BooleanFilter, FilterSet, IntegerFilter, TimeFilter
from loctelli.api.pagination import ordering_of
from loctelli.api.sparse import MAX_READ_THROUGH, WANTED_FOR_SEARCH, is_broad, look
from loctelli.errors import InvalidRequest

MAX_SEARCH, MAX_WORDS = 200, 10
# Of a filter `…__in`.
MAX_VALUES = 100
# No name has control characters.
CONTROL = r"\x00-\x1f\x7f-\x9f"


class Filters(BaseFilterBackend):
    """Filters a list by the viewset's `filterset_class`, or one made of its `filterset_fields`."""

    def filter_queryset(self, request, queryset, view):
        filterset_class = filterset_class_of(type(view))
        if filterset_class is None:
            return queryset
        for name, found in filterset_class.base_filters.items():
            if name in request.GET:
                _check(name, request.GET[name], several=isinstance(found, BaseCSVFilter))
                if (other := _within(view).get(name, name)) not in request.GET:
                    raise InvalidRequest.at(name, "needs_filter", f"Only together with {other}.")
        given = frozenset(name for name in filterset_class.base_filters if name in request.GET)
        filterset = filterset_class.of_given(given)(request.GET, queryset=queryset, request=request)
        if not filterset.is_valid():
            errors = filterset.errors.get_json_data()
            raise InvalidRequest(
                errors=[
                    {"path": name, "code": error["code"] or "invalid", "detail": error["message"]}
                    for name, found in errors.items()
                    for error in found
                ]
            )
        if view.action == "list":
            self._look(request, view, queryset, filterset.conditions)
        if all(_is_plain(found) for found in filterset.filters.values()):
            view.conditions = filterset.conditions
        return filterset.qs

    def _look(self, request, view, queryset: models.QuerySet, conditions: dict[str, Any]) -> None:
        """Have the list's first rows looked at before they are filtered; refuse to read through too many."""
        wanted = WANTED_FOR_SEARCH if request.GET.get("search") else view.paginator.size + 1
        if _search_index(view) is not None:
            shown, bound = _shown(request, view, queryset)
            look(shown, conditions, order=ordering_of(request, view).column, wanted=wanted, bound=bound)
        read_through = {name: value for name, value in conditions.items() if _is_read_through(view, name)}
        # Who has come to a further page goes on from where that begins.
        if not read_through or "cursor" in request.GET or view.unless_filtered_by in request.GET:
            return
        served = queryset.filter(**{name: value for name, value in conditions.items() if name not in read_through})
        shown, bound = _shown(request, view, served)
        if is_broad(shown, read_through, wanted=wanted, bound=bound):
            detail = f"More than {MAX_READ_THROUGH:,} rows are to be read through for this: give a shorter time."
            raise InvalidRequest.at(next(iter(read_through)).rpartition("__")[0], "too_broad", detail)

    def get_schema_operation_parameters(self, view) -> list[dict]:
        filterset_class = filterset_class_of(type(view))
        if filterset_class is None:
            return []
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": _describe(found, within=_within(view).get(name))
                + (OF_A_TIME if name in getattr(view, "filters_read_through", ()) else ""),
                **_schema(found),
            }
            for name, found in filterset_class.base_filters.items()
        ]


def _is_plain(found: django_filters.Filter) -> bool:
    """Return whether a filter is just what its lookup says, and not some method of its own."""
    own = (django_filters.Filter.filter, django_filters.ChoiceFilter.filter)
    return type(found).filter in own and not (found.method or found.exclude or found.distinct)


def _check(name: str, value: str, *, several: bool) -> None:
    """Refuse a filter that django-filter would filter by nothing for, and one of too many values."""
    values = value.split(",") if several else [value]
    if "" in values:
        raise InvalidRequest.at(name, "empty", "A filter needs a value.")
    if len(values) > MAX_VALUES:
        raise InvalidRequest.at(name, "too_many_values", f"Must have at most {MAX_VALUES} values.")


@cache
def filterset_class_of(view_class: type) -> type[FilterSet] | None:
    """Return the filters of a viewset class: made once, not per request, and bound to no request's tenant."""
    declared = getattr(view_class, "filterset_class", None)
    chosen = getattr(view_class, "filterset_fields", None)
    if declared is not None or not chosen:
        return declared
    model = view_class.serializer_class.Meta.model
    meta = type("Meta", (), {"model": model, "fields": chosen})
    return type(f"{model.__name__}Filters", (FilterSet,), {"Meta": meta})


CONDITIONS = {
    "exact": "equals this",
    "in": "is one of these, separated by commas",
    "gte": "is at least this",
    "gt": "is above this",
    "lte": "is at most this",
    "lt": "is below this",
    "icontains": "contains this, in whichever case",
    "isnull": "is null, or with false is not",
}


OF_A_TIME = f" Where more than {MAX_READ_THROUGH:,} rows are to be read through for it, a time has to be given, too."


def _describe(found: django_filters.Filter, *, within: str | None) -> str:
    if "help_text" in found.extra:
        return found.extra["help_text"]
    condition = f"Only where {found.field_name.replace('__', '.')} {CONDITIONS[found.lookup_expr]}."
    return f"{condition} Only together with {within}." if within else condition


def _within(view) -> dict[str, str]:
    """Return the filters that no index serves alone, and the one that each is taken with."""
    return getattr(view, "filters_within", {})


def _is_read_through(view, lookup: str) -> bool:
    """Return whether a filter is one of a viewset's `filters_read_through`, which no index serves.

    They don't matter beside the one that `unless_filtered_by` names.
    """
    return lookup.rpartition("__")[0] in getattr(view, "filters_read_through", ())


def _schema(found: django_filters.Filter) -> dict:
    """Return the schema of a filter's parameter."""
    schema: dict = {"type": "string"}
    if isinstance(found, BooleanFilter):
        schema = {"type": "boolean"}
    elif isinstance(found, TimeFilter):
        schema = {"type": "string", "format": "date-time"}
    elif isinstance(found, IntegerFilter):
        schema = {"type": "integer", "minimum": -INT64, "maximum": INT64 - 1}
    elif choices := found.extra.get("choices"):
        schema = {"type": "string", "enum": [str(value) for value, _ in getattr(choices, "choices", choices)]}
    elif "max_length" in found.extra:
        schema = {"type": "string", "minLength": 1, "maxLength": found.extra["max_length"]}
    if isinstance(found, BaseCSVFilter):
        several = {"type": "array", "items": schema, "minItems": 1, "maxItems": MAX_VALUES}
        return {"schema": several, "style": "form", "explode": False}
    return {"schema": schema}


class Holds(Func):
    """Whether a word occurs in a column, whatever the case and the accents of either."""

    template = "%(expressions)s))) > 0)"
    arg_joiner = "), (SELECT search_fold("
    output_field = models.BooleanField()

    def as_sql(self, compiler, connection, **extra) -> tuple:
        found, parameters = super().as_sql(compiler, connection, **extra)
        return f"(strpos(search_fold({found}", parameters


class Search(BaseFilterBackend):
    """`?search=`: rows in which every word occurs.

    A model that grows large has a `search_index`; of others the viewset's `search_fields` are read one by one.
    """

    def filter_queryset(self, request, queryset, view):
        text = request.GET.get("search", "")
        index = _search_index(view)
        if index is not None:
            all_wanted = view.action != "list" or parameters.flag(request, "count")
            shown, bound = _shown(request, view, queryset)
            return index.find(queryset, text, shown=shown, all_wanted=all_wanted, bound=bound)
        for word in check_search(text):
            conditions = (Q(Holds(F(name), Value(word))) for name in view.search_fields)
            queryset = queryset.filter(reduce(operator.or_, conditions))
        return queryset

    def get_schema_operation_parameters(self, view) -> list[dict]:
        if not view.search_fields:
            return []
        index = _search_index(view)
        description = (
            f"Only where every word occurs in {', '.join(index.searches if index else view.search_fields)}, whatever "
            f"the case and accents. At most {MAX_WORDS} words."
        )
        if index is not None:
            description += " A word of one or two characters begins a word there; a phone number may be in any format."
        return [
            {
                "name": "search",
                "in": "query",
                "required": False,
                "description": description,
                "schema": {"type": "string", "maxLength": MAX_SEARCH, "pattern": f"^[^{CONTROL}]*$"},
            }
        ]


def _shown(request, view, queryset: models.QuerySet) -> tuple[models.QuerySet, dict[str, Any]]:
    """Return the rows of a list in its order, from where the page begins, and what fills their holes."""
    ordering, position = ordering_of(request, view), None
    if view.action == "list":
        position = view.paginator.position()
    if position is None:
        return ordering.apply(queryset, None), view.bound()
    return ordering.apply(queryset, position.way), {**view.bound(), **ordering.values(position)}


def check_search(text: str) -> list[str]:
    """Return the words of a search; refuse what no name contains, and what is longer than names are."""
    words = text.split()
    if len(text) > MAX_SEARCH:
        raise InvalidRequest.at("search", "max_length", f"Must have at most {MAX_SEARCH} characters.")
    # Nor halves of other characters, which no address can hold either.
    if re.search(rf"[{CONTROL}\ud800-\udfff]", text):
        raise InvalidRequest.at("search", "invalid_characters", "Can't contain control characters.")
    if len(words) > MAX_WORDS:
        raise InvalidRequest.at("search", "too_many_words", f"Must have at most {MAX_WORDS} words.")
    return words


def _search_index(view) -> Any:
    return getattr(view.serializer_class.Meta.model, "search_index", None)
