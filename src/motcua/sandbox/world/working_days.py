"""The working days around a scenario's period, addressed by position. Due dates are counted in these positions.

Working days are Monday to Friday without the public holidays of the `holidays` package. Day 1 is the first working day
after intake (domain.md section 4.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import holidays
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
DAY_SECONDS = 86_400
YEARS_BEFORE = 5  # the earliest dossiers were received at most this long before a scenario begins
_EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Return the days since 1970-01-01. The sandbox stores days in this unit, and instants as seconds of local time."""
    return (day - _EPOCH).days


def day_of_number(number: int) -> date:
    return _EPOCH + timedelta(days=int(number))


@dataclass(frozen=True)
class WorkingDays:
    """Working days from years before the period to well after it.

    Attributes:
        days: day numbers, ascending.
        first: position of the first working day of the period.
        count: working days in the period.
        first_day, last_day: day numbers of the period itself; these may be rest days.
    """

    days: Ints
    first: int
    count: int
    first_day: int
    last_day: int

    @classmethod
    def around(cls, from_date: date, to_date: date) -> WorkingDays:
        years = range(from_date.year - YEARS_BEFORE - 1, to_date.year + 2)
        public = np.array(sorted(holidays.country_holidays("VN", years=years)), dtype="datetime64[D]")
        first_day, last_day = day_number(from_date), day_number(to_date)
        every = np.arange(first_day - YEARS_BEFORE * 366, last_day + 200)
        days = every[np.is_busday(every.astype("datetime64[D]"), holidays=public)].astype(np.int64)
        first = int(np.searchsorted(days, first_day))
        return cls(days, first, int(np.searchsorted(days, last_day, side="right")) - first, first_day, last_day)

    @property
    def end(self) -> int:
        """The position of the last day of the period, or of the next working day if it is a rest day."""
        return int(self.position(np.array(self.last_day)))

    def at(self, position: Ints) -> Ints:
        """Return the day numbers at these positions, counted from the first working day of the period."""
        return self.days[self.first + position]

    def position(self, day: Ints) -> Ints:
        """Return the position of each day, or of the next working day if the day is a rest day."""
        return np.searchsorted(self.days, day) - self.first
