"""What a deletion would do: PostgreSQL carries out every ON DELETE, so somebody has to tell a person beforehand."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Count as CountOf
from django.db.models import F, Func, Q, Value


@dataclass(frozen=True, slots=True)
class Count:
    """So many rows of one model, found through one of its references (None where several lead to them)."""

    model: type[models.Model]
    number: int
    reference: models.ForeignKey | None = None

    def __str__(self) -> str:
        meta = self.model._meta
        return f"{self.number} {meta.verbose_name if self.number == 1 else meta.verbose_name_plural}"


@dataclass(slots=True)
class Deletion:
    """What would be deleted along, what would stay without what it refers to, and what stands in the way."""

    goes_along: list[Count] = field(default_factory=list)
    stays_without: list[Count] = field(default_factory=list)
    stands_in_the_way: list[Count] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        return bool(self.stands_in_the_way)

    @property
    def counts(self) -> dict[str, int]:
        """Map the table of each model that stands in the way to the number of its rows, for the API's answer."""
        counts: dict[str, int] = {}
        for count in self.stands_in_the_way:
            table = count.model._meta.db_table
            counts[table] = counts.get(table, 0) + count.number
        return counts


def what_goes_along(objects: Iterable[models.Model] | models.QuerySet) -> Deletion:
    """Return what deleting these rows of one model would do, with one count per referring table.

    Follows CASCADE as far as it goes. Counts what the bound scope can see.
    """
    rows = list(objects)
    doomed = _Doomed(type(rows[0]) if rows else None, [row.pk for row in rows])
    deletion = Deletion()
    for model in doomed.cascade():
        _append(deletion.goes_along, Count(model, doomed.rows(model).count()))
    for reference in references_to(*doomed.conditions):
        if on_delete(reference) not in (models.RESTRICT, models.SET_NULL) or doomed.takes_all(reference.model):
            continue
        found = deletion.stands_in_the_way if on_delete(reference) is models.RESTRICT else deletion.stays_without
        _append(found, Count(reference.model, doomed.left_by(reference).count(), reference))
    return deletion


def what_goes_with(
    model: type[models.Model], keys: Any, *, counted: Callable[[type[models.Model]], bool]
) -> tuple[dict[str, int], list[tuple[models.ForeignKey, models.QuerySet]]]:
    """Return how many rows of which `counted` table would go along, and the rows that would lose a reference.

    `keys` are those of the rows to delete: a list, or a queryset of them. All is counted in one statement.
    """
    doomed = _Doomed(model, keys)
    numbers: dict[Any, models.QuerySet] = {
        along._meta.db_table: doomed.rows(along) for along in doomed.cascade() if counted(along)
    }
    for reference in references_to(*doomed.conditions):
        if on_delete(reference) is models.SET_NULL and not doomed.takes_all(reference.model):
            numbers[reference] = doomed.left_by(reference)
    if not numbers:
        return {}, []
    # Each is a number of its own; they come in no order.
    first, *others = (
        rows.order_by()
        .annotate(of=Value(number))
        .values("of")
        .annotate(number=CountOf("pk"))
        .values_list("of", "number")
        for number, rows in enumerate(numbers.values())
    )
    of = list(numbers)
    found = {of[number]: count for number, count in first.union(*others, all=True) if count}
    counts = {table: count for table, count in found.items() if isinstance(table, str)}
    return counts, [(key, numbers[key]) for key in found if not isinstance(key, str)]


def what_refers_to(row: models.Model) -> list[Count]:
    """Return how many rows refer to this one directly, table by table."""
    found: list[Count] = []
    for reference in references_to(type(row)):
        number = reference.model._base_manager.filter(**{reference.name: row}).count()
        _append(found, Count(reference.model, number, reference))
    return found


def references_to(*targets: type[models.Model]) -> Iterator[models.ForeignKey]:
    """Yield every reference to rows of these models."""
    for reference in _references():
        if reference.related_model in targets:
            yield reference


@cache
def _references() -> list[models.ForeignKey]:
    return [
        reference
        for model in apps.get_models()
        for reference in model._meta.local_fields
        if isinstance(reference, models.ForeignKey)
    ]


def on_delete(reference: models.ForeignKey) -> Any:
    """Return what happens to a referring row: in PostgreSQL for a reference of ours, in Django for one of Django's."""
    return getattr(reference, "database_on_delete", reference.remote_field.on_delete)


def _append(counts: list[Count], count: Count) -> None:
    if count.number:
        counts.append(count)


class Among(Func):
    """Whether a column is among the keys of querysets' rows, which are found first, each queryset's by its own index.

    Of alternatives in one condition, or by joining, PostgreSQL would read a whole sub-account to see which rows fit.
    """

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = models.BooleanField()

    def __init__(self, column: str, *querysets: models.QuerySet) -> None:
        first, *others = (rows.order_by().values("pk") for rows in querysets)
        super().__init__(F(column), ArraySubquery(first.union(*others) if others else first))


class _Doomed:
    """The rows that would go, as one condition a model."""

    def __init__(self, model: type[models.Model] | None, keys: Any) -> None:
        self.root, self.root_keys = model, keys
        # The rows of a model that several references lead to, by each of them.
        self.found_by: dict[type[models.Model], list[models.QuerySet]] = {}
        self.conditions: dict[type[models.Model], Q] = {} if model is None else {model: Q(pk__in=keys)}

    def rows(self, model: type[models.Model]) -> models.QuerySet:
        return model._base_manager.filter(self.conditions[model])

    def reached_by(self, reference: models.ForeignKey) -> Q:
        """Return the condition of rows whose reference points at a doomed row."""
        target = reference.related_model
        if target is self.root:
            return Q(**{f"{reference.name}__in": self.root_keys})
        if target in self.found_by:
            return Q(Among(reference.attname, *self.found_by[target]))
        return Q(**{f"{reference.name}__in": self.rows(target).values("pk")})

    def left_by(self, reference: models.ForeignKey) -> models.QuerySet:
        """Return the rows that point at a doomed one without being doomed themselves."""
        rows = reference.model._base_manager.filter(self.reached_by(reference))
        doomed = self.conditions.get(reference.model)
        return rows if doomed is None else rows.exclude(doomed)

    def takes_all(self, model: type[models.Model]) -> bool:
        """Whether all rows of the doomed sub-accounts go, so that none of this model's can stay without another."""
        return model in self.conditions and self._by_sub_account(model) is not None

    def cascade(self) -> list[type[models.Model]]:
        """Find the conditions of everything that goes along; return its models, each after those it goes along with."""
        found: list[type[models.Model]] = []
        while True:
            reached = {
                reference.model
                for reference in references_to(*self.conditions)
                if on_delete(reference) is models.CASCADE and reference.model not in self.conditions
            }
            # A model's condition is written once all that lead to it have theirs.
            ready = [model for model in reached if not self._waits_for(model, reached)]
            for model in sorted(ready, key=lambda model: model._meta.label):
                self.conditions[model] = self._condition(model)
                found.append(model)
            if not ready:
                return found

    def _waits_for(self, model: type[models.Model], reached: set[type[models.Model]]) -> bool:
        return any(
            on_delete(reference) is models.CASCADE and reference.model is model and reference.related_model is not model
            for reference in references_to(*(reached - {model}))
        )

    def _condition(self, model: type[models.Model]) -> Q:
        by_sub_account = self._by_sub_account(model)
        if by_sub_account is not None:
            # Whatever else leads to these rows leads within the same sub-accounts.
            return by_sub_account
        reached = [
            self.reached_by(reference)
            for reference in references_to(*self.conditions)
            if reference.model is model and on_delete(reference) is models.CASCADE
        ]
        if len(reached) == 1:
            return reached[0]
        self.found_by[model] = [model._base_manager.filter(condition) for condition in reached]
        return Q(Among("pk", *self.found_by[model]))

    def _by_sub_account(self, model: type[models.Model]) -> Q | None:
        for reference in model._meta.local_fields:
            if not isinstance(reference, models.ForeignKey) or reference.name != "sub_account":
                continue
            if reference.related_model is self.root:
                return self.reached_by(reference) if on_delete(reference) is models.CASCADE else None
        return None
