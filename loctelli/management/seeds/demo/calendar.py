"""Days and times of a demo business, counted from the moment of seeding."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Calendar:
    """A business's own days: `now` is the moment of seeding, `zone` its IANA time zone."""

    now: datetime
    zone: str

    @cached_property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    def days_ago(self, days: int, *, number: int = 0) -> datetime:
        """Return a moment between 8:00 and 16:00 so many days ago, 1 or more; `number` spreads several over the day."""
        return self.at(self.today - timedelta(days=days), time(8 + number * 3 % 8, number * 17 % 60))

    def weekday(self, in_days: int) -> date:
        """Return a day so far ahead, or back when negative, moved away from today off a weekend."""
        day = self.today + timedelta(days=in_days)
        while day.weekday() >= 5:
            day += timedelta(days=1 if in_days > 0 else -1)
        return day

    def at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, tzinfo=ZoneInfo(self.zone))

    def since(self, moment: datetime, share: float) -> datetime:
        """Return the moment that lies so great a share of the way from `moment` to now."""
        return moment + (self.now - moment) * share
