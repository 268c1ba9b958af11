"""Lists: narrowed to a sub-account, bounded however many rows there are, and a click away from what they refer to."""

from typing import Any, ClassVar, NamedTuple

from django.apps import apps
from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR
from django.db import models
from django.db.models import OuterRef, Subquery
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.views import ChangeList

from loctelli.errors import InvalidRequest
from tenants.console.filters import SubAccountFilter
from tenants.console.forms import Autocomplete, is_key
from tenants.console.links import link_column, link_to
from tenants.console.narrowing import narrowed_to, owner_of, rows_of
from tenants.console.paging import BoundedPaginator
from tenants.models import SubAccount

OWNER = SubAccount._meta.label

# Where no index serves a search, so many rows are read for it: a log may have any number of them.
MOST_SEARCHED = 50_000
# What may follow a filter's field in the query string; anything longer could ask for somebody's password.
LOOKUPS = ("exact", "in", "isnull", "gt", "gte", "lt", "lte", "id__exact", "pk__exact", "year", "month", "day")


class Related(NamedTuple):
    """A list that a row's page leads to: of which model, and the filter that leaves what belongs to the row."""

    model: str
    filter: str
    label: Any


class Link(NamedTuple):
    """Where a row's page leads to."""

    label: Any
    url: str


class NarrowedList(ChangeList):
    """The rows of the sub-account that the console is narrowed to."""

    root_queryset: models.QuerySet

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> models.QuerySet:
        chosen = narrowed_to(request)
        if chosen is not None:
            self.root_queryset = self.root_queryset.filter(rows_of(self.model, chosen.pk))
        return super().get_queryset(request, exclude_parameters)

    def get_ordering_field(self, field_name: Any) -> Any:
        """Sort by no column that isn't offered to be sorted by, whatever the address says."""
        offered = self.sortable_by
        return super().get_ordering_field(field_name) if offered is None or field_name in offered else None

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            # There is no fuller list to lead to.
            self.full_result_count = self.result_count


class ListAdmin(ModelAdmin):
    """What every model's lists and pages have in common."""

    list_per_page = 50
    list_filter_submit = True
    show_full_result_count = False
    # They count all that each choice of each filter would leave.
    show_facets = ShowFacets.NEVER
    paginator = BoundedPaginator
    change_form_outer_before_template = "console/related.html"
    # What `__str__` or a column reads of other rows, beyond the references among the columns.
    reads: tuple[str, ...] = ()
    # The lists that a row's page leads to.
    leads_to: ClassVar[tuple[Related, ...]] = ()

    def __init__(self, model: type[models.Model], admin_site: Any) -> None:
        super().__init__(model, admin_site)

    def references(self) -> list[models.ForeignKey]:
        """Return the references of the model's rows."""
        return [field for field in self.opts.local_fields if isinstance(field, models.ForeignKey)]

    def has_field(self, name: str) -> bool:
        return any(field.name == name for field in self.opts.local_fields)

    # Lists

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        named = {"sub_account", *self.list_display, *self.reads}
        rows = super().get_queryset(request).select_related(*(f.name for f in self.references() if f.name in named))
        if self.has_field("sub_account_id"):
            owners = SubAccount.objects.filter(pk=OuterRef("sub_account_id"))
            rows = rows.annotate(owner_name=Subquery(owners.values("name")))
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        """Ask the model's search index, where it has one; what is no search finds nothing, and says why.

        Of others only the first rows of the list are searched, which is said when there are more.
        """
        index = getattr(self.model, "search_index", None)
        if index is None:
            if search_term and queryset.values("pk")[MOST_SEARCHED:].exists():
                text = _("Only the first %(number)s rows were searched: narrow the list for others.")
                self.message_user(request, text % {"number": f"{MOST_SEARCHED:,}"}, messages.WARNING)
                queryset = queryset.filter(pk__in=queryset.values("pk")[:MOST_SEARCHED])
            return super().get_search_results(request, queryset, search_term)
        chosen = narrowed_to(request)
        # A form's choices may be another sub-account's than the one that lists show.
        owner = getattr(request, "searched_in", chosen.pk if chosen else None)
        try:
            return index.find(queryset, search_term, shown=queryset, sub_account_id=owner), False
        except InvalidRequest as error:
            self.message_user(request, gettext(error.errors[0]["detail"]), messages.ERROR)
            return queryset.none(), False

    @display(description=_("sub-account"), ordering="sub_account_id")
    def owner(self, row: Any) -> str:
        """Name the sub-account of a row that may outlive it; what is left of a deleted one is its number."""
        return row.owner_name or (
            gettext("No. %(number)s") % {"number": row.sub_account_id} if row.sub_account_id else "–"
        )

    @display(description=_("sub-account"), ordering="sub_account_id")
    def linked_owner(self, row: Any) -> str:
        """Lead to the sub-account, where it is still there."""
        return link_to(OWNER, row.sub_account_id, row.owner_name) if row.owner_name else self.owner(row)

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> BoundedPaginator:
        paginator = super().get_paginator(request, *args, **kwargs)
        paginator.is_of_a_search = bool(request.GET.get(SEARCH_VAR) or request.GET.get("term"))
        return paginator

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NarrowedList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        try:
            return super().get_changelist_instance(request)
        except (OverflowError, ValueError) as error:
            # The date hierarchy of a year beyond the calendar.
            raise IncorrectLookupParameters(error) from error

    def get_list_display(self, request: HttpRequest) -> list:
        """Leave out whose the rows are where all are the same one's; show references as links to whoever may follow."""
        shown = list(super().get_list_display(request))
        if narrowed_to(request) is not None:
            shown = [name for name in shown if name not in ("sub_account", "owner")]
        # The first column leads to the row itself.
        return [*shown[:1], *(self.linked(request, name) for name in shown[1:])]

    def linked(self, request: HttpRequest, name: Any) -> Any:
        """Return a column that leads to the page of what it names, where this admin may see that."""
        if name == "owner":
            return "linked_owner" if self.may_view(request, OWNER) else name
        field = next((field for field in self.references() if field.name == name), None)
        return link_column(field) if field and self.may_view(request, field.related_model._meta.label) else name

    def get_list_filter(self, request: HttpRequest) -> list:
        filters = list(super().get_list_filter(request))
        if narrowed_to(request) is not None:
            return [item for item in filters if item is not SubAccountFilter]
        if any(field.name == "sub_account" for field in self.references()):
            filters.insert(0, ("sub_account", AutocompleteSelectFilter))
        return [item for item in filters if not self.asks_what_is_hidden(request, item)]

    def asks_what_is_hidden(self, request: HttpRequest, item: Any) -> bool:
        """Return whether a filter offers rows that this admin may not see."""
        if item is SubAccountFilter:
            return not self.may_view(request, OWNER)
        if not (isinstance(item, tuple) and item[1] is AutocompleteSelectFilter):
            return False
        field: Any = self.opts.get_field(item[0])
        return not self.may_view(request, field.related_model._meta.label)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow what the filters and links ask for and nothing else, or a hash could be guessed letter by letter."""
        names = {self.date_hierarchy, "pk", self.opts.pk.name, *(field.name for field in self.references())}
        for item in self.get_list_filter(request) if request is not None else self.list_filter:
            if lookup == getattr(item, "parameter_name", None):
                return True
            names.add(item[0] if isinstance(item, tuple | list) else item if isinstance(item, str) else None)
        return any(
            lookup == name or lookup in (f"{name}{LOOKUP_SEP}{suffix}" for suffix in LOOKUPS) for name in names if name
        )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    # Forms

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Offer an existing row the rows of its own sub-account."""
        form = super().get_form(request, obj, change, **kwargs)
        for field in form.base_fields.values():
            widget = getattr(field.widget, "widget", field.widget)
            if isinstance(widget, Autocomplete):
                widget.sub_account_id = owner_of(obj)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with what the list was filtered by and all that follows, else with the sub-account that is shown."""
        initial = super().get_changeform_initial_data(request)
        filters = QueryDict(request.GET.get("_changelist_filters", ""))
        for field in self.references():
            filtered_by = filters.get(f"{field.name}__id__exact")
            if filtered_by:
                initial.setdefault(field.name, filtered_by)
        for field in self.references():
            for name, key in self.brought_along(field, initial.get(field.name)).items():
                initial.setdefault(name, key)
        chosen = narrowed_to(request)
        if chosen is not None and self.has_field("sub_account"):
            initial.setdefault("sub_account", chosen.pk)
        return initial

    def brought_along(self, field: models.ForeignKey, key: Any) -> dict[str, Any]:
        """Return what follows from a reference: what its row refers to by the same names, such as its sub-account."""
        model = field.related_model
        theirs = {(each.name, each.related_model) for each in model._meta.local_fields}
        shared = [each.attname for each in self.references() if (each.name, each.related_model) in theirs]
        if not key or not shared or not is_key(model._meta.pk, key):
            return {}
        found = model._base_manager.filter(pk=key).values(*shared).first() or {}
        return {name.removesuffix("_id"): value for name, value in found.items() if value is not None}

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            chosen, owner = narrowed_to(request), owner_of(row)
            context["related_links"] = self.related_links(request, row)
            if chosen is not None and owner not in (None, chosen.pk):
                context["other_owner"] = getattr(row, "sub_account", row)
        return super().render_change_form(request, context, *args, **kwargs)

    def response_post_save_add(self, request: HttpRequest, obj: models.Model) -> HttpResponse:
        """Lead back to the sub-account whose page led here."""
        owner = owner_of(obj)
        if owner is None or request.GET.get("sub_account") != str(owner) or not self.may_view(request, OWNER):
            return super().response_post_save_add(request, obj)
        return HttpResponseRedirect(reverse("admin:tenants_subaccount_change", args=[owner]))

    def related_links(self, request: HttpRequest, row: models.Model) -> list[Link]:
        """Return the lists that this admin may see, filtered by the row."""
        return [
            Link(item.label, list_url(item.model, **{item.filter: row.pk}))
            for item in self.leads_to
            if self.may_view(request, item.model)
        ]

    def may_view(self, request: HttpRequest, label: str) -> bool:
        """Return whether this admin may see the list of a model."""
        found = self.admin_site._registry.get(apps.get_model(label))
        return found is not None and found.has_view_permission(request)


def list_url(label: str, **query: Any) -> str:
    """Return the address of a model's list with a query."""
    name = label.lower().replace(".", "_")
    return f"{reverse(f'admin:{name}_changelist')}?{urlencode(query)}"
