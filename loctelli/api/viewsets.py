"""Viewsets: a resource is a declaration of serializer, filters, search and order."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.http import Http404
from rest_framework import serializers, viewsets

from loctelli.api import parameters, statements
from loctelli.api.filters import Filters, Search, filterset_class_of
from loctelli.api.pagination import Ordering, Way
from loctelli.api.reading import Reading
from loctelli.api.references import keys_in
from loctelli.api.selection import Selection, select
from loctelli.api.short_way import ShortWayMixin
from loctelli.api.views import StrictRequestMixin
from loctelli.database.compiled import in_part, run
from loctelli.database.queries import Query

PAGING = {"cursor", "page_size", "count", "ordering"}
# What of a query string leaves all rows in.
PRESENTED = PAGING | {"fields", "include"}


class GenericViewSet(ShortWayMixin, StrictRequestMixin, viewsets.GenericViewSet):
    """The base of all resources.

    Declares serializer_class; for lists filterset_fields ({column: [lookups]}) or filterset_class, search_fields,
    ordering_fields (columns that are never null) and ordering, the order when none is asked for.
    An action that answers with something else than the resource says so with `selectable=False`.
    """

    http_method_names = ["get", "post", "patch", "delete", "head"]
    filter_backends = [Filters, Search]
    filterset_fields: dict[str, list[str]] | None = None
    search_fields: tuple[str, ...] = ()
    ordering_fields: tuple[str, ...] = ()
    ordering = "-pk"
    # Whether answers can be limited and extended by `?fields=` and `?include=`.
    selectable = True
    # The filters of a list as Django's lookups, once they are read; None where something else filters it, too.
    conditions: Mapping[str, Any] | None = None
    format_kwarg = None
    # The serializer of the request's body, and what that refers to, once they are known.
    serializer: serializers.Serializer | None = None
    looked_up: Mapping[tuple[type[models.Model], Any], Query] | None = None
    # What reads the row that the URL names, to write it, where that was run beforehand.
    locking: Query | None = None
    # Whether an action, as the list itself, takes the list's filters and search: `@action(…, takes_filters=True)`.
    takes_filters = False

    def __init_subclass__(cls, **kwargs) -> None:
        super().__init_subclass__(**kwargs)
        serializer = cls.__dict__.get("serializer_class")
        if serializer is None or not hasattr(serializer, "Meta"):
            return
        meta = serializer.Meta.model._meta
        cls.lookup_value_regex = r"c[0-9a-z]{24}" if isinstance(meta.pk, models.CharField) else r"[0-9]{1,18}"
        for name in (*cls.ordering_fields, cls.ordering.removeprefix("-")):
            if name != "pk" and meta.get_field(name).null:
                raise ImproperlyConfigured(f"{cls.__name__} can't be ordered by {name}, which may be null.")

    def plan(self) -> list[Query]:
        """Return what reads the answer or, of a write, what that takes, once it is run; raise what bars the way."""
        if self.request.method == "GET" and self.request.META.get("QUERY_STRING"):
            parameters.check(self.request, self.get_query_parameters())
        return getattr(self, f"plan_{self.action}")()

    def get_queryset(self) -> models.QuerySet:
        model = self.serializer_class.Meta.model
        if getattr(self, "swagger_fake_view", False):
            # Documentation is written for nobody in particular.
            return models.QuerySet(model)
        return model._default_manager.all()

    def get_query_parameters(self) -> set[str]:
        names = set(self.query_parameters)
        if self.selectable and self.action != "destroy":
            names |= {"fields", "include"}
        if self.action == "list":
            names |= PAGING
        if self.action == "list" or self.takes_filters:
            names |= {"search"} if self.search_fields else set()
            filterset_class = filterset_class_of(type(self))
            names |= set(filterset_class.base_filters) if filterset_class else set()
        return names

    # Reading by a selection.

    @classmethod
    def rows_of(cls, model: type[models.Model]) -> models.QuerySet:
        """Return the rows of a model that this resource may show, with holes that `bound` fills."""
        return model._default_manager.all()

    @classmethod
    def rows_to_change(cls, model: type[models.Model]) -> models.QuerySet:
        """Return the rows of a model that may be changed, with the same holes."""
        return cls.rows_of(model)

    def bound(self) -> dict[str, Any]:
        """Return what fills the holes of `rows_of` in this request."""
        return {}

    def bind(self, sub_account_id: int) -> None:
        """Plan for a sub-account whose scope is not open yet."""

    @cached_property
    def selection(self) -> Selection:
        """What of the resource this request wants."""
        return select(
            self.serializer_class, parameters.names(self.request, "fields"), parameters.names(self.request, "include")
        )

    def plan_read(self, key: Any) -> Query:
        """Return what reads the row of a key."""
        return statements.detail(type(self), self.selection).query(pk=key, **self.bound())

    def read(self, query: Query) -> dict[str, Any]:
        """Return what the plan to read a row has read; raise Http404 when there is no such row."""
        if not query.rows:
            raise Http404
        return statements.reading(type(self), self.selection)(query.rows[0])

    def list_query(
        self, ordering: Ordering, way: Way | None, size: int, place: Mapping[str, Any]
    ) -> tuple[Reading, Query]:
        """Return what reads the list that this request asks for; its SQL is made anew only for a search."""
        view, selection = type(self), self.selection
        values: Mapping[str, Any] = {}
        if not self.is_narrowed:
            statement = statements.page(view, selection, ordering, way, size)
        else:
            rows, shape = self.rows, None
            if self.conditions is not None and not self.request.GET.get("search"):
                shape, values = statements.shape_of(self.conditions)
            if shape is not None:
                statement = statements.filtered_page(view, selection, shape, ordering, way, size)
            else:
                statement = statements.of_page(view, selection, rows, ordering, way, size)
        return statements.reading(view, selection), statement.query(**self.bound(), **place, **values)

    @property
    def is_narrowed(self) -> bool:
        """Whether the request asks for some of the rows."""
        return bool(self.request.META.get("QUERY_STRING")) and not self.request.GET.keys() <= PRESENTED

    @cached_property
    def rows(self) -> models.QuerySet:
        """The rows that this request asks for, with the holes of `rows_of`."""
        return self.filter_queryset(self.rows_of(self.serializer_class.Meta.model))

    def serializer_of(self, body: Any) -> serializers.Serializer:
        """Return the one serializer of the request's body, which is validated once."""
        if self.serializer is None:
            is_partial, context = self.action == "partial_update", self.get_serializer_context()
            self.serializer = self.get_serializer_class().of_body(body, partial=is_partial, context=context)
        return self.serializer

    def plan_references(self, serializer: serializers.Serializer, body: Any) -> list[Query]:
        """Return what reads all rows that a body refers to, once it is run."""
        wanted = keys_in(serializer, [body])
        self.looked_up = {(model, key): self._plan_reference(model, key) for model in wanted for key in wanted[model]}
        return list(self.looked_up.values())

    def validated(self, body: Any, instance: models.Model | None = None) -> serializers.Serializer:
        """Return the serializer of a body that is valid, having read all that it refers to in one round trip."""
        serializer = self.serializer_of(body)
        if self.looked_up is None and (queries := self.plan_references(serializer, body)):
            run(queries)
        serializer.instance = instance
        serializer.is_valid(raise_exception=True)
        return serializer

    def referred_to(self, model: type[models.Model], key: Any) -> models.Model | None:
        """Return the row of a key that a body refers to, read as far as it takes to refer to it; None for none."""
        query = (self.looked_up or {}).get((model, key))
        if query is None:
            query = self._plan_reference(model, key)
            run([query])
        names, _ = statements.reference(type(self), model)
        return in_part(model, dict(zip(names, query.rows[0], strict=True))) if query.rows else None

    def _plan_reference(self, model: type[models.Model], key: Any) -> Query:
        _, statement = statements.reference(type(self), model)
        return statement.query(pk=key, **self.bound())

    def shown(self, instance: models.Model) -> dict[str, Any]:
        """Return what the API shows of a row, after whatever was done to it."""
        stored = getattr(instance, "stored", None)
        if stored is not None:
            data = statements.reading(type(self), self.selection).of_stored(stored)
            if data is not None:
                return data
        query = self.plan_read(instance.pk)
        run([query])
        return self.read(query)

    @property
    def is_answered_by_row(self) -> bool:
        """Whether a row that was made is all there is to ask of the database, answer included."""
        return statements.reading(type(self), self.selection).is_of_stored

    def get_key(self) -> Any:
        """Return the key of the row that the URL names."""
        return self.serializer_class.Meta.model._meta.pk.to_python(self.kwargs["pk"])

    def plan_lock(self) -> Query:
        """Return what reads and locks the row that the URL names, once it is run."""
        self.locking = statements.lock(type(self)).query(pk=self.get_key(), **self.bound())
        return self.locking

    def get_object(self) -> models.Model:
        """Return the row the URL names, to write it.

        It is locked until the request ends, so that two people's changes don't undo each other.
        """
        locking = self.locking
        if locking is None:
            run([locking := self.plan_lock()])
        # Read again the next time, as it has been written then.
        self.locking = None
        if not locking.rows:
            raise Http404
        instance = statements.lock(type(self)).instance(locking.rows[0])
        self.check_object_permissions(self.request, instance)
        return instance
