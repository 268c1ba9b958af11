"""Models and querysets that write the audit trail along with what they write.

Django leads every write of a row through `Model._save_table()` and every write of many through `QuerySet.update()`,
`delete()` and `bulk_create()`: those are what is recorded here, so forms, serializers, `create()`,
`update_or_create()`, `bulk_update()` and related managers are, too.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import NotSupportedError, models

from loctelli.database.creating import Creation, LastInsert
from loctelli.database.models import StampedQuerySet
from tenants.trail import changes
from tenants.trail.changes import NAMED, ONE_BY_ONE
from tenants.trail.entries import CREATE, UPDATE, write
from tenants.trail.inserting import recorded_insert
from tenants.trail.plans import UNKNOWN, Plan, State, plan_of


class FirstKeys(models.Aggregate):
    """The first keys of a group."""

    template = f"to_jsonb((array_agg(%(expressions)s))[1:{NAMED}])"
    output_field = models.JSONField()


class RecordedQuerySet(StampedQuerySet):
    """A queryset whose writes are recorded: one by one up to a number of rows, past it as so many at once."""

    # What delete() is about to delete, when that is known.
    _known: Sequence["RecordedModel"] | None = None

    def update(self, **kwargs: Any) -> int:
        plan = plan_of(self.model)
        if plan is None or not plan.is_wanted:
            return super().update(**kwargs)
        values = {_attribute(self.model, name): _stored(value) for name, value in kwargs.items()}
        written = plan.written(values)
        values = {key: values[key] for key in written}
        if not written or self.query.is_sliced or self.query.combinator:
            return super().update(**kwargs)
        rows = list(self._first_rows(plan, written))
        if len(rows) > ONE_BY_ONE:
            groups = self.groups(plan)
            count = super().update(**kwargs)
            write(changes.updates_of_many(plan, groups, values))
            return count
        if not rows:
            return super().update(**kwargs)
        # These very rows, which are locked: what has come to fit meanwhile would change unrecorded.
        count = super(RecordedQuerySet, self.filter(pk__in=[row.pk for row in rows])).update(**kwargs)
        write(changes.updates(plan, rows, values))
        return count

    def delete(self) -> tuple[int, dict[str, int]]:
        plan = plan_of(self.model)
        if plan is None or not plan.is_wanted or self.query.is_sliced or self.query.combinator:
            return super().delete()
        rows = self._known or list(self._first_rows(plan, None))
        if not rows:
            return super().delete()
        entries = changes.deletions(plan, rows) if len(rows) <= ONE_BY_ONE else changes.deletions_of_many(plan, self)
        result = super().delete()
        if result[1].get(self.model._meta.label):
            write(entries)
        return result

    def bulk_create(
        self,
        objs: Iterable[Any],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[Any]:
        plan = plan_of(self.model)
        if plan is None or not plan.is_wanted:
            return super().bulk_create(
                objs, batch_size, ignore_conflicts, update_conflicts, update_fields, unique_fields
            )
        if update_conflicts or (ignore_conflicts and isinstance(self.model._meta.pk, models.AutoField)):
            raise NotSupportedError(
                f"{self.model._meta.label} is recorded, and PostgreSQL doesn't tell which rows were inserted."
            )
        rows = list(objs)
        former = self._keys_of(rows) if ignore_conflicts else set()
        super().bulk_create(rows, batch_size, ignore_conflicts)
        if ignore_conflicts:
            new = self._keys_of(rows) - former
            write(changes.creations(plan, [row for row in rows if row.pk in new]))
        else:
            write(changes.creations(plan, rows))
        return rows

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        rows, names = list(objs), list(fields)
        count = super().bulk_update(rows, names, batch_size)
        for row in rows:
            row._forget(names)
        return count

    update.alters_data = delete.alters_data = True  # type: ignore[attr-defined]
    bulk_create.alters_data = bulk_update.alters_data = True  # type: ignore[attr-defined]

    def _keys_of(self, rows: Iterable[Any]) -> set[Any]:
        """Return the keys of those rows that are in the table."""
        found = self.model._base_manager.using(self.db).filter(pk__in=[row.pk for row in rows])
        return set(found.values_list("pk", flat=True))

    def _first_rows(self, plan: Plan, written: list[str] | None) -> models.QuerySet:
        """Return the rows, one more than are recorded one by one, locked: they stay as they are read."""
        query, wanted = self.query, [name for name in (plan.owner, plan.title) if name]
        if query.distinct or query.group_by is not None or self._fields is not None:  # type: ignore[attr-defined]
            # PostgreSQL locks no rows of such a query.
            rows: Any = self.model._base_manager.using(self.db).filter(pk__in=self.order_by().values("pk"))
        else:
            rows = self.order_by().select_related(None).prefetch_related(None).defer(None)
        if written is not None:
            rows = rows.only(*(self.model._meta.get_field(name).name for name in (*written, *wanted)))
        return rows.select_for_update(of=("self",), no_key=written is not None)[: ONE_BY_ONE + 1]

    def groups(self, plan: Plan) -> list[tuple[int | None, int, list[Any]]]:
        """Return (sub_account_id, how many rows, the first of their keys) for each sub-account with some."""
        rows = self.model._base_manager.using(self.db).filter(pk__in=self.order_by().values("pk")).order_by()
        if plan.owner is None:
            found = rows.aggregate(number=models.Count("pk"), first=FirstKeys("pk"))
            return [(None, found["number"], found["first"])]
        by = plan.columns[plan.owner].field.name
        return list(rows.values_list(by).annotate(number=models.Count("pk"), first=FirstKeys("pk")))


class RecordedModel(models.Model):
    """A row whose changes are recorded, and which is deleted as it is read and saved: through its model's manager."""

    objects: Any = models.Manager.from_queryset(RecordedQuerySet)()

    # Of an INSERT or UPDATE, where that returns it: see `loctelli.database.writing`.
    stored: Mapping[str, Any] | None = None
    # What the database held when the row was read or last written, as far as that is known.
    _loaded: State = UNKNOWN

    class Meta:
        abstract = True
        base_manager_name = "objects"

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any]) -> Any:  # type: ignore[override]
        row = super().from_db(db, field_names, values)
        plan = plan_of(cls)
        if plan is not None:
            row._loaded = plan.freeze(dict(zip(field_names, values, strict=True)))
        return row

    def refresh_from_db(self, using: str | None = None, fields: Any = None, from_queryset: Any = None) -> None:
        super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)
        plan = plan_of(type(self))
        if plan is None:
            return
        if from_queryset is not None:
            # It may have left columns out.
            self._loaded = UNKNOWN
            return
        names = None if fields is None else {str(name) for name in fields}
        read = {
            field.attname: self.__dict__[field.attname]
            for field in self._meta.concrete_fields
            if field.attname in self.__dict__ and (names is None or field.name in names or field.attname in names)
        }
        self._loaded = {**self._loaded, **plan.freeze(read)}

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete the row if the bound connection sees it; Django's own would delete by number, asking no manager."""
        found: Any = type(self)._base_manager.using(using).filter(pk=self.pk)
        plan = plan_of(type(self))
        if plan is not None and plan.columns.keys() <= self._loaded.keys():
            found._known = [self]
        return found.delete()

    delete.alters_data = True  # type: ignore[attr-defined]

    def _save_table(
        self,
        raw: bool = False,
        cls: Any = None,
        force_insert: Any = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Any = None,
    ) -> Any:
        plan = plan_of(cls)
        if plan is None or not plan.is_wanted:
            self._loaded = UNKNOWN
            return super()._save_table(raw, cls, force_insert, force_update, using, update_fields)  # type: ignore[misc]
        written, before = plan.written(update_fields), UNKNOWN
        if not (force_insert or self._is_inserted_unasked(raw, force_update)):
            before = self._before(plan, written)
            kept = [key for key in plan.encrypted if key in before and self._holds(plan, key, before[key])]
            written = [key for key in written if key not in kept]
        updated = super()._save_table(raw, cls, force_insert, force_update, using, update_fields)  # type: ignore[misc]
        if updated:
            write(plan.entries(UPDATE, self, before, self.state(plan, written)))
        elif self.stored is not None:
            self._record_stored(plan, self.stored)
        else:
            write(plan.entries(CREATE, self, UNKNOWN, self.state(plan, plan.columns)))
        return updated

    def on_insert(self) -> None:
        plan = plan_of(type(self))
        if plan is not None and plan.is_wanted and self.stored is not None:
            self._record_stored(plan, self.stored)

    @classmethod
    def last_insert(cls, creation: Creation) -> LastInsert | None:
        plan = plan_of(cls)
        return LastInsert(creation) if plan is None or not plan.is_wanted else recorded_insert(creation)

    def _record_stored(self, plan: Plan, stored: Mapping[str, Any]) -> None:
        """Record a row that was inserted."""
        self._loaded = plan.known(stored)
        write([plan.creation(stored)])

    def _is_inserted_unasked(self, raw: bool, force_update: bool) -> bool:
        """Whether save() inserts without an UPDATE first: Django does for a new row whose key makes itself."""
        key = self._meta.pk
        return self.pk is None or (
            not raw and not force_update and self._state.adding and (key.has_default() or key.has_db_default())
        )

    def _holds(self, plan: Plan, key: str, stored: Any) -> bool:
        field: Any = plan.columns[key].field
        return bool(field.holds(self, stored))

    def _before(self, plan: Plan, written: list[str]) -> State:
        """Return what the database holds in these columns, whose the row is and its name, reading what isn't known."""
        wanted = [*written, *(name for name in (plan.owner, plan.title) if name)]
        missing = [key for key in wanted if key not in self._loaded]
        if missing:
            names = [plan.columns[key].field.name for key in missing]
            for row in type(self)._base_manager.filter(pk=self.pk).only(*names):
                self._loaded = {**row._loaded, **self._loaded}
        return self._loaded

    def state(self, plan: Plan, written: Iterable[str]) -> State:
        """Return what these columns hold by now, reading what the database has worked out."""
        values = {key: self.__dict__.get(key) for key in written}
        computed = [key for key, value in values.items() if hasattr(value, "resolve_expression")]
        if computed:
            names = [plan.columns[key].field.name for key in computed]
            for row in type(self)._base_manager.filter(pk=self.pk).only(*names):
                values |= {key: row.__dict__[key] for key in computed}
        after = plan.freeze(values)
        self._loaded = {**self._loaded, **after}
        return after

    def _forget(self, names: Iterable[str]) -> None:
        """Know no longer what the database holds in these fields."""
        forgotten = {_attribute(type(self), name) for name in names}
        self._loaded = {key: value for key, value in self._loaded.items() if key not in forgotten}


def _attribute(model: type[models.Model], name: str) -> str:
    """Return the attribute of a field that is named by itself or by that."""
    field: Any = model._meta.get_field(name)
    return field.attname


def _stored(value: Any) -> Any:
    """Return what a column holds of a value that `update()` takes."""
    return value.pk if isinstance(value, models.Model) else value
