"""What a list can be filtered by: the kinds of filters, each of which takes its values strictly, and sets of them."""

from datetime import UTC
from functools import lru_cache
from typing import Any

import django_filters
from django import forms
from django.db import models
from django_filters import BaseInFilter
from django_filters import rest_framework as rest_filters
from django_filters.constants import EMPTY_VALUES
from django_filters.fields import IsoDateTimeField

INT64 = 2**63


class BooleanField(forms.Field):
    """ "true" or "false" and nothing else; Django's own takes anything for "unknown" and filters by nothing."""

    default_error_messages = {"invalid": 'Must be "true" or "false".'}

    def clean(self, value):
        if value in (None, ""):
            return None
        if value not in ("true", "false"):
            raise forms.ValidationError(self.default_error_messages["invalid"], code="invalid")
        return value == "true"


class TimeField(IsoDateTimeField):
    """An ISO 8601 time; without an offset it is UTC."""

    def to_python(self, value):
        try:
            moment = super().to_python(value)
            # PostgreSQL knows fewer offsets than ISO 8601.
            return moment.astimezone(UTC) if moment else None
        except OverflowError:
            raise forms.ValidationError("This time is out of range.", code="invalid") from None


class BooleanFilter(django_filters.Filter):
    field_class = BooleanField


class TimeFilter(django_filters.Filter):
    field_class = TimeField


class IntegerFilter(django_filters.Filter):
    field_class = forms.IntegerField

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **{"min_value": -INT64, "max_value": INT64 - 1, **kwargs})


class TextFilter(django_filters.CharFilter):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **{"max_length": 255, **kwargs})


class ChoicesFilter(BaseInFilter, django_filters.ChoiceFilter):
    """Several of a closed set."""


class FilterSet(rest_filters.FilterSet):
    """Filters by columns, strictly; a foreign key is named by its column and never looked up."""

    FILTER_DEFAULTS = {
        **rest_filters.FilterSet.FILTER_DEFAULTS,
        models.BooleanField: {"filter_class": BooleanFilter},
        models.DateTimeField: {"filter_class": TimeFilter},
        models.IntegerField: {"filter_class": IntegerFilter},
        models.BigIntegerField: {"filter_class": IntegerFilter},
        models.AutoField: {"filter_class": IntegerFilter},
        models.CharField: {"filter_class": TextFilter},
        models.TextField: {"filter_class": TextFilter},
        models.EmailField: {"filter_class": TextFilter},
        models.ForeignKey: {"filter_class": IntegerFilter},
    }

    @classmethod
    def filter_for_field(cls, field, field_name, lookup_expr="exact"):
        # django-filter's own asks the model's manager, which shows nothing to nobody; lookups here are plain ones.
        filter_class, params = cls.filter_for_lookup(field, lookup_expr)
        return filter_class(field_name=field_name, lookup_expr=lookup_expr, **params)

    @classmethod
    def filter_for_lookup(cls, field, lookup_type):
        if lookup_type == "isnull":
            return BooleanFilter, {}
        if lookup_type == "in" and field.choices:
            # django-filter's own takes anything.
            return ChoicesFilter, {"choices": field.choices}
        if isinstance(field, models.ForeignKey):
            # The target's key, whichever type that is.
            field = field.target_field
        return super().filter_for_lookup(field, lookup_type)

    @classmethod
    @lru_cache(maxsize=1024)
    def of_given(cls, names: frozenset[str]) -> "type[FilterSet]":
        """Return the filter set of some filters alone: django-filter copies and labels all that there are each time."""
        some = type(cls.__name__, (cls,), {})
        some.base_filters = {name: found for name, found in cls.base_filters.items() if name in names}
        return some

    def get_form_class(self) -> type[forms.Form]:
        if "form_class" not in type(self).__dict__:
            type(self).form_class = super().get_form_class()
        return type(self).form_class

    @property
    def conditions(self) -> dict[str, Any]:
        """The filters that are given, as Django's lookups."""
        given = {name: value for name, value in self.form.cleaned_data.items() if value not in EMPTY_VALUES}
        return {f"{self.filters[name].field_name}__{self.filters[name].lookup_expr}": given[name] for name in given}
