"""Filters that ask no big table which values there are."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm

from tenants.console.forms import is_key
from tenants.models import SubAccount, SubAccountInvitation

MONTHS_OFFERED = 24


def by_month(field: str, title: Any = None) -> type[DropdownFilter]:
    """Return a filter of one of the last two years' months, in the time zone of whoever looks."""

    class MonthFilter(DropdownFilter):
        parameter_name = f"{field}_in"

        def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
            now = timezone.localtime()
            return [
                (f"{start:%Y-%m}", formats.date_format(start, "YEAR_MONTH_FORMAT"))
                for start in (month_before(now, months) for months in range(MONTHS_OFFERED))
            ]

        def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
            if self.value() not in dict(self.lookup_choices):
                return queryset
            start = timezone.make_aware(datetime.strptime(str(self.value()), "%Y-%m"))
            return queryset.filter(**{f"{field}__gte": start, f"{field}__lt": month_before(start, -1)})

    MonthFilter.title = title or _("month")
    return MonthFilter


def month_before(moment: datetime, months: int) -> datetime:
    """Return the beginning of the month that lies so many months before a moment's own."""
    count = moment.year * 12 + moment.month - 1 - months
    return timezone.make_aware(datetime(count // 12, count % 12 + 1, 1))


def by_choice(field: str, choices: Callable[[], Iterable[tuple[str, Any]]], title: Any) -> type[DropdownFilter]:
    """Return a filter of an open vocabulary's usual values, for a field that declares no choices."""

    class ChoiceFilter(DropdownFilter):
        parameter_name = f"{field}__exact"

        def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
            return list(choices())

        def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    ChoiceFilter.title = title
    return ChoiceFilter


class SubAccountFilter(DropdownFilter):
    """Rows that outlive their sub-account, and so hold its number without a reference; found by typing its name."""

    title = _("sub-account")
    parameter_name = "sub_account_id"

    def __init__(self, request: HttpRequest, params: Any, model: type[models.Model], model_admin: ModelAdmin) -> None:
        super().__init__(request, params, model, model_admin)
        self.request, self.model_admin = request, model_admin

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """Load none of them: there may be thousands."""
        return []

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        form = AutocompleteDropdownForm(
            request=self.request,
            name=self.parameter_name,
            label=_(" By %(filter_title)s ") % {"filter_title": self.title},
            choices=(),
            # Any reference to a sub-account: what is offered are sub-accounts.
            field=SubAccountInvitation._meta.get_field("sub_account"),
            model_admin=self.model_admin,
            data={self.parameter_name: self.number},
        )
        yield {"form": form}

    @property
    def number(self) -> int | None:
        """The number that was asked for, None for what is none."""
        value = self.value() or ""
        return int(value) if value.isdecimal() and is_key(SubAccount._meta.pk, value) else None

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        return queryset if self.number is None else queryset.filter(sub_account_id=self.number)
