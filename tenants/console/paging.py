"""Pages of lists that may be a million rows long: nothing is counted past a bound, nor is anything paged past it."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

MOST_COUNTED = 10_000


class AtLeast(int):
    """A count that was broken off: it says so wherever it is shown."""

    def __str__(self) -> str:
        return f"{int(self):,}+"


class BoundedPaginator(Paginator):
    """Counts to MOST_COUNTED and no further; what lies beyond is found by searching or filtering."""

    @cached_property
    def count(self) -> int:
        if not isinstance(self.object_list, QuerySet):
            return super().count
        found = self.object_list.order_by()[: MOST_COUNTED + 1].count()
        return AtLeast(MOST_COUNTED) if found > MOST_COUNTED else found
