"""Pages of lists that may be a million rows long: nothing is counted past a bound, nor is anything paged past it."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

MOST_COUNTED = 10_000
# Of what a search finds, each row of which is looked at.
MOST_FOUND = 1_000


class AtLeast(int):
    """A count that was broken off: it says so wherever it is shown."""

    def __str__(self) -> str:
        return f"{int(self):,}+"


class BoundedPaginator(Paginator):
    """Counts to MOST_COUNTED and no further; what lies beyond is found by searching or filtering."""

    is_of_a_search = False

    @cached_property
    def count(self) -> int:
        if not isinstance(self.object_list, QuerySet):
            return super().count
        most = MOST_FOUND if self.is_of_a_search else MOST_COUNTED
        found = self.object_list.order_by()[: most + 1].count()
        return AtLeast(most) if found > most else found
