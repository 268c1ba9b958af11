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

# A list shows so many rows at first; so many rows of it are looked at one by one before the index is asked: in a large
# sub-account that fills a page with what every eightieth row holds, and takes as long as the index does for the others.
FOUND_BY_LOOKING, LOOKED_AT = 51, 4000
# Where all that is found is wanted, every tenth row has to hold it for looking to be quicker.
LOOKED_AT_FOR_ALL = 500
# What occurs more often than that, but not where was looked, is found by looking on after all.
MAX_FOUND = 30_000
# Of a column, so that a long message doesn't fill the index.
SEARCHED_CHARACTERS = 1000
# More makes writing cheaper, but now and then one write waits for all that is pending.
PENDING_KILOBYTES = 1024


class SearchTextField(models.GeneratedField):
    """The column that holds a row's folded text, made by PostgreSQL of others."""

    # Nobody reads it.
    db_returning = False  # type: ignore[assignment]

    def __init__(
        self,
        *,
        names: Iterable[str] = (),
        codes: Iterable[str] = (),
        phone: str | None = None,
        answers: str | None = None,
        **kwargs: Any,
    ) -> None:
        """`names` are words in a language; `codes` are addresses and numbers, taken as they are; `phone` is digits.

        `answers` is JSON, of which all values are searched.
        """
        self.columns = {"names": tuple(names), "codes": tuple(codes), "phone": phone, "answers": answers}
        words = _joined(names) if answers is None else Func(F(answers), function="search_answers")
        super().__init__(
            expression=Func(words, _joined(codes), _joined([phone] if phone else []), function="search_text"),
            output_field=models.TextField(),
            db_persist=True,
        )

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for made_here in ("expression", "output_field", "db_persist"):
            del kwargs[made_here]
        return name, path, args, {**kwargs, **{name: value for name, value in self.columns.items() if value}}


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


# The patterns are made once a statement, not once a row. PostgreSQL takes a LIKE of several for next to impossible, and
# would sort a whole sub-account for the few rows it expects; of a CASE it expects that every second row fits.
MATCHES = "CASE WHEN {} LIKE ALL ((SELECT search_patterns({}))::text[]) THEN true ELSE false END"


class Matches(Func):
    """Whether every word occurs in a row's text."""

    output_field = models.BooleanField()

    def __init__(self, text: str, words: list[str]) -> None:
        super().__init__(F(text), Value(words, output_field=TEXTS))

    def as_sql(self, compiler, connection, function=None, template=None, arg_joiner=None, **extra):
        (text, _), (words, parameters) = (compiler.compile(source) for source in self.source_expressions)
        return MATCHES.format(text, words), parameters


class AnyOf(Func):
    """Whether a key is one of many: an array as PostgreSQL writes it, so that Python touches none of them.

    PostgreSQL is not to see how many there are, or it reads a list in its order until it meets enough of them.
    """

    template = "%(expressions)s)::%(key)s[])))"
    arg_joiner = " = ANY(ARRAY(SELECT unnest(("
    output_field = models.BooleanField()

    def __init__(self, keys: str, column: models.Field) -> None:
        super().__init__(F(column.attname), Value(keys), key=column.db_type(connection))


@dataclass(frozen=True)
class SearchIndex:
    """How a model's rows are found: a model names it `search_index`, and has a `search_text` unless it is `through`."""

    # What it searches, for the documentation.
    searches: tuple[str, ...]
    # The reference whose row is searched, where it is not the model's own.
    through: str = ""

    def find(
        self,
        queryset: models.QuerySet,
        text: str,
        *,
        shown: models.QuerySet,
        all_wanted: bool = False,
        sub_account_id: int | None = None,
        bound: Mapping[str, Any] | None = None,
    ) -> models.QuerySet:
        """Return the rows of a queryset in which every word of `text` occurs.

        `shown` is the queryset in the order, and from the position on, in which a page of it is shown; `all_wanted`
        says that more than a page is, to be counted or changed. `sub_account_id` says that the queryset holds one
        sub-account's rows alone; in a tenant's scope it always does. `bound` fills the holes of a queryset that is to
        be compiled. Raises InvalidRequest for what is no search.
        """
        wanted = readings(text)
        if not wanted:
            return queryset
        key = queryset.model._meta.get_field(self.through) if self.through else queryset.model._meta.pk
        searched = key.related_model if self.through else queryset.model
        column = f"{self.through}__search_text" if self.through else "search_text"
        owner = current_scope().sub_account_id or sub_account_id
        looks = LOOKED_AT_FOR_ALL if all_wanted else LOOKED_AT
        keys = _few(searched, shown.values(column)[:looks], looks, wanted, owner, bound or {})
        if keys is not None:
            return queryset.filter(AnyOf(keys, key))
        matching = Q()
        for words in wanted:
            matching |= Q(Matches(column, words))
        return queryset.filter(matching)


def _few(
    model: type[models.Model],
    looked_at: models.QuerySet,
    looks: int,
    wanted: list[list[str]],
    owner: int | None,
    bound: Mapping[str, Any],
) -> str | None:
    """Return the keys of all rows of a model that are found; None when looking at one after the other finds them.

    The first texts of a list, so many `looks` of them, are looked at; only when they don't fill a page the index is
    asked. It alone is slow where words occur in every third row, looking alone where they occur in none.
    """
    try:
        texts, holes = looked_at.query.sql_with_params()
    except EmptyResultSet:
        return "{}"
    arguments = [bound[hole.name] if isinstance(hole, Parameter) else hole for hole in holes]
    matching = " OR ".join([MATCHES.format("search_text", "%s")] * len(wanted))
    function, scope = f"search_{model._meta.db_table}", current_scope()
    call = f"{function}(%s, %s)" if scope.sub_account_id is not None else f"{function}_of(%s, %s, %s)"
    narrowed = [] if scope.sub_account_id is not None else [owner]
    calls = " UNION ".join([f"SELECT {call}"] * len(wanted))
    statement = f"""
        WITH looked_at (search_text) AS ({texts}), found (keys) AS MATERIALIZED (
            SELECT CASE
                WHEN (SELECT count(*) FROM (SELECT FROM looked_at WHERE {matching} LIMIT %s) AS page) = %s THEN NULL
                WHEN (SELECT count(*) FROM looked_at) < %s THEN NULL
                ELSE ARRAY({calls})
            END
        )
        SELECT keys::text, cardinality(keys) FROM found
    """
    for_calls = [argument for words in wanted for argument in (*narrowed, words, MAX_FOUND + 1)]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*arguments, *wanted, FOUND_BY_LOOKING, FOUND_BY_LOOKING, looks, *for_calls])
        keys, number = cursor.fetchone()
    return None if keys is None or number > MAX_FOUND else keys
