"""Small bar charts: drawn on the server, so that they need no script, are read out, and print."""

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.utils import formats
from django.utils.translation import gettext as _

HEIGHT, STEP, GAP = 48, 10, 3
DAYS = 30


class Bar(NamedTuple):
    """One day's bar, in the drawing's units."""

    x: int
    y: float
    height: float
    day: date
    number: int


@dataclass(frozen=True)
class Chart:
    """What came about on each of the last thirty days, against the thirty days before."""

    label: str
    series: list[tuple[date, int]]
    url: str | None = None

    @property
    def days(self) -> list[tuple[date, int]]:
        return self.series[-DAYS:]

    @property
    def total(self) -> int:
        return sum(number for _day, number in self.days)

    @property
    def before(self) -> int:
        return sum(number for _day, number in self.series[:-DAYS])

    @property
    def change(self) -> str:
        """The change against the thirty days before, in words."""
        if not self.before:
            return _("none in the 30 days before")
        percent = round((self.total - self.before) / self.before * 100)
        return _("%(percent)+d%% against %(before)s in the 30 days before") % {
            "percent": percent,
            "before": formats.number_format(self.before, force_grouping=True),
        }

    @property
    def direction(self) -> str:
        return "up" if self.total > self.before else "down" if self.total < self.before else "flat"

    @property
    def summary(self) -> str:
        """What somebody hears who doesn't see the bars."""
        day, most = max(self.days, key=lambda item: item[1])
        return _("%(label)s on each of the last 30 days: %(total)s in all, most of them %(most)s on %(day)s.") % {
            "label": self.label,
            "total": self.total,
            "most": most,
            "day": formats.date_format(day, "MONTH_DAY_FORMAT"),
        }

    @property
    def drawing(self) -> dict[str, Any]:
        return {"width": DAYS * STEP - GAP, "height": HEIGHT, "bar": STEP - GAP}

    @property
    def bars(self) -> list[Bar]:
        most = max((number for _day, number in self.days), default=0) or 1
        heights = [max(number / most * HEIGHT, 1.0) for _day, number in self.days]
        return [
            Bar(index * STEP, round(HEIGHT - height, 2), round(height, 2), day, number)
            for index, (height, (day, number)) in enumerate(zip(heights, self.days, strict=True))
        ]
