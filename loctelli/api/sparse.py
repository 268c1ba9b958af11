"""Filters that leave few rows of a long list: how PostgreSQL is kept from reading all others to fill a page.

It reads a list in its order by an index and leaves out what doesn't fit, as long as it expects to meet a page of what
does soon. But it knows how frequent values are in the whole table, not in one sub-account; and of two conditions it
doesn't know that they never meet. So the first rows of the list are looked at before. When they don't fill the page, it
is to find the rows that fit by the indexes of their values, and to sort them: that costs as much as there are of them,
wherever in the order they stand.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.db import models
from django.db.models import Q

from loctelli.database.compiled import Parameter, this_wrapper
from loctelli.database.queries import Query

# So many rows are looked at, which takes some milliseconds. Fewer in an order that scatters them over the table; in the
# one that they were written in they lie side by side.
SCATTERED, SIDE_BY_SIDE = 4000, 10_000
# Of them so many have to fit where a search reads on behind the page.
WANTED_FOR_SEARCH = 1000
# Filters that no index serves are refused where more rows than this are to be read through: a tenth of a second's work.
MAX_READ_THROUGH = 100_000
# What remains then are bitmaps, which are combined before any row is read; no plan that was kept knows of it.
LOOK = """
WITH looked_at (fits) AS ({rows})
SELECT set_config(name, value, true)
FROM (VALUES ('enable_indexscan', 'off'), ('enable_seqscan', 'off'), ('plan_cache_mode', 'force_custom_plan'))
    AS settings (name, value)
WHERE (SELECT count(*) FROM (SELECT FROM looked_at WHERE fits LIMIT %s) AS page) < %s
    AND (SELECT count(*) FROM looked_at) = %s
"""


# Wanted rows that are near, or a list that is short, are read through at once.
IS_BROAD = """
WITH looked_at (fits) AS ({looked_at})
SELECT (SELECT count(*) FROM (SELECT FROM looked_at WHERE fits LIMIT %s) AS page) < %s
    AND (SELECT count(*) FROM ({all}) AS counted) > %s
"""


def look(
    shown: models.QuerySet, conditions: Mapping[str, Any], *, order: models.Field, wanted: int, bound: Mapping[str, Any]
) -> None:
    """Have PostgreSQL look at a list's first rows, along with the next statement, and for the rest of the transaction.

    `shown` is the list without its filters, ordered by `order` and from where the page begins; `conditions` are the
    filters, as lookups; `wanted` is how many rows fill the page; `bound` fills the holes of the list.
    """
    if not conditions or is_served(shown.model, frozenset(name.rpartition("__")[::2] for name in conditions), order):
        return
    looked_at = SIDE_BY_SIDE if order.primary_key or isinstance(order, models.DateTimeField) else SCATTERED
    sql, arguments = _compiled(shown.annotate(fits=Q(**conditions)).values("fits")[:looked_at], bound)
    query = Query(LOOK.format(rows=sql), [*arguments, wanted, wanted, looked_at])
    this_wrapper().send_along(query)


def is_broad(shown: models.QuerySet, conditions: Mapping[str, Any], *, wanted: int, bound: Mapping[str, Any]) -> bool:
    """Return whether too many rows of a list are to be read through for conditions that no index serves.

    `shown` is the list in its order, with the filters that an index serves; the rest is as in `look`.
    """
    looked_at, arguments = _compiled(shown.annotate(fits=Q(**conditions)).values("fits")[:SIDE_BY_SIDE], bound)
    counted, further = _compiled(shown.order_by().values("pk")[: MAX_READ_THROUGH + 1], bound)
    sql = IS_BROAD.format(looked_at=looked_at, all=counted)
    return bool(this_wrapper().fetch(sql, [*arguments, wanted, wanted, *further, MAX_READ_THROUGH])[0][0])


def _compiled(rows: models.QuerySet, bound: Mapping[str, Any]) -> tuple[str, list[Any]]:
    sql, holes = rows.query.sql_with_params()
    return sql, [bound[hole.name] if isinstance(hole, Parameter) else hole for hole in holes]


@cache
def is_served(model: type[models.Model], conditions: frozenset[tuple[str, str]], order: models.Field) -> bool:
    """Return whether an index holds the rows that fit in their order, or holds but a few of each value.

    `conditions` are columns, each with its lookup.
    """
    equal = {column for column, lookup in conditions if lookup == "exact"}
    ranges = {column for column, lookup in conditions if lookup in ("gte", "lt")}
    if len(equal) + len(ranges) < len({column for column, _ in conditions}) or not ranges <= {order.attname}:
        return False
    for index in model._meta.indexes:
        columns = [model._meta.get_field(name).attname for name, _ in index.fields_orders]  # type: ignore[union-attr]
        # All lists begin with whose the rows are.
        columns = columns[columns[:1] == ["sub_account_id"] :]
        first, behind = columns[: len(equal)], columns[len(equal) :]
        if set(first) == equal and (behind[:1] == [order.attname] or (not behind and not ranges)):
            return True
    return False
