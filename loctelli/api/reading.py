"""Reads what a selection names straight from PostgreSQL's rows, without a model instance or a serializer field a row.

It is one statement: to-one relations are joined, a to-many one is an array of its rows, so that no `?include=` costs a
round trip of its own. Only what is computed in Python gets an instance, made of the columns that it names.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Any

import orjson
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, models
from django.db.models import F, Func, OuterRef, TextField
from django.db.models.functions import Cast
from rest_framework import serializers

from loctelli.api.selection import MAX_INCLUDED, MAX_NESTED, Selection, is_to_many
from loctelli.database.creating import stored_columns

Row = Sequence[Any]
RowsOf = Callable[[type[models.Model]], models.QuerySet]

# Serializer fields that say of a column what is in it; the renderer writes times as UTC.
PLAIN = (
    serializers.CharField,
    serializers.IntegerField,
    serializers.BigIntegerField,
    serializers.FloatField,
    serializers.BooleanField,
    serializers.ChoiceField,
    serializers.DateTimeField,
    serializers.JSONField,
    serializers.ListField,
    serializers.PrimaryKeyRelatedField,
)


class Reading:
    """How one selection is read: which columns to ask for, and which answer each row of them becomes."""

    def __init__(self, selection: Selection, rows_of: RowsOf, *, prefix: str = "", nested: bool = False) -> None:
        """Plan it. `rows_of` gives the rows of a model that may be included.

        `prefix` leads to the selection's model from the one that is asked; `nested` rows come as JSON, in an array.
        """
        self.model, self.rows_of, self.prefix, self.nested = selection.model, rows_of, prefix, nested
        self.keys = selection.fields
        self.columns: list[Any] = []
        # Which attribute of a row each column is, and whether as text; None for one of another row, or of an array.
        self.attributes: list[tuple[str, bool] | None] = []
        # Where each column is that is asked for, by its lookup, and whether as text.
        self.places: dict[tuple[str, bool], int] = {}
        # What is made of a key's value, where that is not null.
        self.conversions: list[tuple[str, Callable[[Any], Any]]] = []
        # What is made of a row for a key; beside a place, only where that is not null.
        self.computations: list[tuple[str, int | None, Callable[[Row], Any]]] = []
        fields = selection.serializer.reader().fields
        # The columns of the fields come first, in their order; a computed one's only keeps its place.
        columns = {name: self._plain_column(fields[name]) for name in self.keys}
        places = {
            # jsonb as text, which goes on as it is: numbers past 64 bits survive.
            name: self._place(column or self.model._meta.pk, prefix, as_text=is_json(column))
            for name, column in columns.items()
        }
        for name, column in columns.items():
            if column is None:
                self.computations.append((name, None, self._computed(selection, name, fields[name])))
            elif is_sealed(column):
                self.computations.append((name, places[name], self._opened(column, places[name])))
            elif (convert := self._conversion(column)) is not None:
                self.conversions.append((name, convert))
        for name, child in selection.includes.items():
            include = self._to_many if is_to_many(self.model._meta.get_field(name)) else self._to_one
            self.computations.append((name, None, include(name, child)))
        kept = {column.attname for column in stored_columns(self.model)}
        # Whether an answer takes nothing but what a write returns of the row.
        self.is_of_stored = all(found is not None and found[0] in kept for found in self.attributes) and all(
            place is not None for _, place, _ in self.computations
        )

    def of(self, queryset: models.QuerySet, also: Iterable[str] = ()) -> models.QuerySet:
        """Return the queryset asking for these columns, and for those that `also` names behind them."""
        return queryset.values_list(*self.columns, *map(F, also))

    def __call__(self, row: Row) -> dict[str, Any]:
        """Return the answer that a row becomes."""
        return self.answers([row])[0]

    def answers(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return the answers that rows become, column by column: most have nothing to be done to."""
        answers: list[dict[str, Any]] = list(map(dict, map(zip, repeat(self.keys), rows)))
        for name, convert in self.conversions:
            for answer in answers:
                if answer[name] is not None:
                    answer[name] = convert(answer[name])
        for name, place, compute in self.computations:
            for answer, row in zip(answers, rows, strict=True):
                if place is None or row[place] is not None:
                    answer[name] = compute(row)
        return answers

    def of_stored(self, stored: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the answer that a row becomes which a write returned, by attribute; None when it takes more rows."""
        row = []
        for attribute in self.attributes:
            if attribute is None or attribute[0] not in stored:
                return None
            value = stored[attribute[0]]
            row.append(orjson.dumps(value).decode() if attribute[1] and value is not None else value)
        return self(row)

    def _ask(self, column: models.Field, prefix: str, *, as_text: bool = False) -> int:
        """Ask for a column unless it is asked for already; return where it is in a row."""
        asked = (prefix + column.name, as_text)
        return self.places[asked] if asked in self.places else self._place(column, prefix, as_text=as_text)

    def _place(self, column: models.Field, prefix: str, *, as_text: bool) -> int:
        """Ask for a column, whatever is asked for already; return where it is in a row."""
        lookup = F(prefix + column.name)
        attribute = None if prefix else (column.attname, as_text)
        place = self._append(Cast(lookup, TextField()) if as_text else lookup, attribute)
        return self.places.setdefault((prefix + column.name, as_text), place)

    def _append(self, expression: Any, attribute: tuple[str, bool] | None = None) -> int:
        self.columns.append(expression)
        self.attributes.append(attribute)
        return len(self.columns) - 1

    # Plain columns.

    def _plain_column(self, field: serializers.Field) -> models.Field | None:
        """Return the column whose value is what the field says, None for a field that is computed."""
        if not any(type(field).to_representation is plain.to_representation for plain in PLAIN):
            return None
        if isinstance(field, serializers.ListField) and not self._is_plain_list(field):
            return None
        return next((found for found in self.model._meta.concrete_fields if found.name == field.source), None)

    def _is_plain_list(self, field: serializers.ListField) -> bool:
        return type(field.child).to_representation is serializers.CharField.to_representation

    def _conversion(self, column: models.Field) -> Callable[[Any], Any] | None:
        """Return what is to be done to a column's value, None when it can stay as it is."""
        if isinstance(column, models.GenericIPAddressField):
            return str
        if is_json(column):
            return orjson.Fragment
        if self.nested and isinstance(column, models.DateTimeField):
            return datetime.fromisoformat
        return None

    def _opened(self, column: Any, place: int) -> Callable[[Row], Any]:
        """Return what opens a sealed column, by its row's key and sub-account."""
        key = self._ask(self.model._meta.pk, self.prefix)
        owner = self._ask(self.model._meta.get_field("sub_account"), self.prefix)

        def opened(row: Row) -> Any:
            stored = column.from_db_value(row[place], None, connection)
            return column.open(stored, sub_account_id=row[owner], row_id=row[key])

        return opened

    # Relations.

    def _to_one(self, name: str, selection: Selection) -> Callable[[Row], Any]:
        """Join a relation."""
        child = Reading(selection, self.rows_of, prefix=f"{self.prefix}{name}__", nested=self.nested)
        key, start = self._ask(self.model._meta.get_field(name), self.prefix), len(self.columns)
        self.columns += child.columns
        self.attributes += child.attributes
        return lambda row: None if row[key] is None else child(row[start:])

    def _to_many(self, name: str, selection: Selection) -> Callable[[Row], Any]:
        """Ask for an array of a relation's first rows."""
        child = Reading(selection, self.rows_of, nested=True)
        owner = self.model._meta.get_field(name).field.name
        related = self.rows_of(selection.model).filter(**{owner: OuterRef(f"{self.prefix}pk")}).order_by("pk")
        array = Func(*child.columns, function="jsonb_build_array", output_field=models.JSONField())
        found = ArraySubquery(related.values(row=array)[: MAX_NESTED if self.nested else MAX_INCLUDED])
        if self.nested:
            place = self._append(found)
            return lambda row: child.answers(row[place])
        place = self._append(Cast(Func(found, function="to_jsonb"), TextField()))
        return lambda row: child.answers(orjson.loads(row[place]))

    # Computed fields.

    def _computed(self, selection: Selection, name: str, field: serializers.Field) -> Callable[[Row], Any]:
        """Read a field through an instance of the columns that it names, or of all."""
        lookups = selection.serializer.reads(name)
        if lookups is None:
            lookups = [column.name for column in self.model._meta.concrete_fields]
        instance = self._instance(self.model, {*lookups, *selection.serializer.always_reads}, self.prefix)

        def compute(row: Row) -> Any:
            value = field.get_attribute(instance(row))
            return None if value is None else field.to_representation(value)

        return compute

    def _instance(
        self, model: type[models.Model], lookups: Iterable[str], prefix: str
    ) -> Callable[[Row], models.Model | None]:
        """Return what makes an instance of a row, read in part, with the relations that lookups lead through."""
        names, through = {model._meta.pk.name}, {}
        for lookup in lookups:
            name, _, rest = lookup.partition("__")
            names.add(name)
            if rest:
                through.setdefault(name, set()).add(rest)
        # Django takes values in the order of the model's own columns.
        columns = [column for column in model._meta.concrete_fields if column.name in names]
        places = [(self._ask(column, prefix, as_text=is_json(column)), self._python(column)) for column in columns]
        attributes, key = [column.attname for column in columns], columns.index(model._meta.pk)
        relations = [
            (relation := model._meta.get_field(name), self._instance(relation.related_model, rest, f"{prefix}{name}__"))
            for name, rest in through.items()
        ]

        def make(row: Row) -> models.Model | None:
            if row[places[key][0]] is None:
                return None
            instance = model.from_db(connection.alias, attributes, [load(row[place]) for place, load in places])
            for relation, related in relations:
                relation.set_cached_value(instance, related(row))
            return instance

        return make

    def _python(self, column: models.Field) -> Callable[[Any], Any]:
        """Return what makes a column's value what Django has it as."""
        from_db = getattr(column, "from_db_value", lambda value, expression, connection: value)
        convert = None if is_json(column) else self._conversion(column)

        def load(value: Any) -> Any:
            if value is None:
                return None
            return from_db(value if convert is None else convert(value), None, connection)

        return load


def is_sealed(column: models.Field | None) -> bool:
    """Return whether a column holds ciphertext, which its field opens."""
    return hasattr(column, "open")


def is_json(column: models.Field | None) -> bool:
    """Return whether a column is of type jsonb."""
    return isinstance(column, models.JSONField)
