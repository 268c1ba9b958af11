"""A model's search: the column that holds what is searched, its index, and the choice of the quickest way to find."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce, Collate, Left

from loctelli.database.compiled import Parameter
from tenants.scope import current_scope
from tenants.search.words import readings

# A list shows so many rows at first; so many rows of it are looked at one by one before the index is asked.
FOUND_BY_LOOKING, LOOKED_AT = 51, 1000
# What occurs more often than that is found by looking after all.
MAX_FOUND = 10_000
# Of a column, so that a long message doesn't fill the index.
SEARCHED_CHARACTERS = 1000
# More makes writing cheaper, but now and then one write waits for all that is pending.
PENDING_KILOBYTES = 1024


class SearchTextField(models.GeneratedField):
    """The column that holds a row's folded text, made by PostgreSQL of others."""

    # Nobody reads it.
    db_returning = False  # type: ignore[assignment]

    def __init__(self, *, names: Iterable[str], codes: Iterable[str], phone: str, **kwargs: Any) -> None:
        """`names` are words in a language; `codes` are addresses and numbers, taken as they are; `phone` is digits."""
        self.names, self.codes, self.phone = tuple(names), tuple(codes), phone
        super().__init__(
            expression=Func(_joined(self.names), _joined(self.codes), _joined([phone]), function="search_text"),
            output_field=models.TextField(),
            db_persist=True,
        )

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for made_here in ("expression", "output_field", "db_persist"):
            del kwargs[made_here]
        return name, path, args, {**kwargs, "names": self.names, "codes": self.codes, "phone": self.phone}


def _joined(columns: Iterable[str]) -> Func:
    """Return columns as one text."""
    parts: list[Any] = [Left(Coalesce(F(name), Value("")), SEARCHED_CHARACTERS) for name in columns]
    return Func(
        *(parts or [Value("")]), template="(%(expressions)s)", arg_joiner=" || ' ' || ", output_field=models.TextField()
    )


class SearchGin(GinIndex):
    """The index of a search text, and beside it of whose row it is."""

    def __init__(self, *, name: str) -> None:
        super().__init__(
            Collate(Func(F("search_text"), function="search_grams", output_field=TEXTS), "C"),
            Func(F("sub_account"), template="(ARRAY[%(expressions)s])", output_field=TEXTS),
            name=name,
            gin_pending_list_limit=PENDING_KILOBYTES,
        )

    def deconstruct(self) -> Any:
        return f"{type(self).__module__}.{type(self).__qualname__}", (), {"name": self.name}


TEXTS = ArrayField(models.TextField())
# What a list of keys is given to PostgreSQL as.
KEYS: dict[str, models.Field] = {"bigint": models.BigIntegerField(), "text": models.TextField()}


# The patterns are made once a statement, not once a row. PostgreSQL takes a LIKE of several for next to impossible, and
# would sort a whole sub-account for the few rows it expects; of a CASE it expects that every second row fits.
MATCHES = "CASE WHEN {} LIKE ALL ((SELECT search_patterns({}))::text[]) THEN true ELSE false END"


class Matches(Func):
    """Whether every word occurs in a row's text."""

    output_field = models.BooleanField()

    def __init__(self, words: list[str]) -> None:
        super().__init__(F("search_text"), Value(words, output_field=TEXTS))

    def as_sql(self, compiler, connection, function=None, template=None, arg_joiner=None, **extra):
        (text, _), (words, parameters) = (compiler.compile(source) for source in self.source_expressions)
        return MATCHES.format(text, words), parameters


class AnyOf(Func):
    """Whether a key is one of many, as one parameter."""

    template = "%(expressions)s)::%(key)s[])"
    arg_joiner = " = ANY(("
    output_field = models.BooleanField()

    def __init__(self, keys: list[Any], column: models.Field) -> None:
        key = str(column.db_type(connection))
        super().__init__(F("pk"), Value(keys, output_field=ArrayField(KEYS[key])), key=key)


@dataclass(frozen=True)
class SearchIndex:
    """How a model's rows are found: a model with a `search_text` names it `search_index`."""

    # What it searches, for the documentation.
    searches: tuple[str, ...]

    def find(
        self,
        queryset: models.QuerySet,
        text: str,
        *,
        sub_account_id: int | None = None,
        bound: Mapping[str, Any] | None = None,
    ) -> models.QuerySet:
        """Return the rows of an ordered queryset in which every word of `text` occurs.

        `sub_account_id` says that the queryset holds one sub-account's rows alone; in a tenant's scope it always does.
        `bound` fills the holes of a queryset that is to be compiled. Raises InvalidRequest for what is no search.
        """
        wanted = readings(text)
        if not wanted:
            return queryset
        owner = current_scope().sub_account_id or sub_account_id
        keys = self._few(queryset, wanted, owner, bound or {})
        if keys is None:
            matching = Q()
            for words in wanted:
                matching |= Q(Matches(words))
            return queryset.filter(matching)
        return queryset.filter(AnyOf(keys, queryset.model._meta.pk))

    def _few(
        self, queryset: models.QuerySet, wanted: list[list[str]], owner: int | None, bound: Mapping[str, Any]
    ) -> list[Any] | None:
        """Return the keys of all rows found; None when there are many, so that a page is full after a look at a few.

        The first rows of the list are looked at; only when they don't fill a page the index is asked. It alone is slow
        where words occur in every third row, looking alone where they occur in none.
        """
        looked_at = queryset.values("search_text")[:LOOKED_AT].query
        try:
            rows, holes = looked_at.sql_with_params()
        except EmptyResultSet:
            return []
        table = queryset.model._meta.db_table
        arguments = [bound[hole.name] if isinstance(hole, Parameter) else hole for hole in holes]
        matching = " OR ".join([MATCHES.format("search_text", "%s")] * len(wanted))
        scope = current_scope()
        call = f"search_{table}(%s, %s)" if scope.sub_account_id is not None else f"search_{table}_of(%s, %s, %s)"
        narrowed = [] if scope.sub_account_id is not None else [owner]
        calls = " UNION ".join([f"SELECT {call}"] * len(wanted))
        statement = f"""
            WITH looked_at AS ({rows})
            SELECT CASE
                WHEN (SELECT count(*) FROM (SELECT FROM looked_at WHERE {matching} LIMIT %s) AS found) = %s THEN NULL
                WHEN (SELECT count(*) FROM looked_at) < %s THEN NULL
                ELSE ARRAY({calls})
            END
        """
        for_calls = [argument for words in wanted for argument in (*narrowed, words, MAX_FOUND + 1)]
        with connection.cursor() as cursor:
            cursor.execute(statement, [*arguments, *wanted, FOUND_BY_LOOKING, FOUND_BY_LOOKING, LOOKED_AT, *for_calls])
            (keys,) = cursor.fetchone()
        return None if keys is None or len(keys) > MAX_FOUND else keys
