"""Working days of the public service: Monday to Friday without public holidays, plus the days swapped each year.

The `holidays` library gives Vietnam's public holidays and the swapped days it knows. The catalogue's
`calendar/swapped_days.csv` overrides it, because each year's decision moves days after the library was released
(domain.md section 4.4). All functions on arrays are vectorised with numpy; days are `datetime64[D]`. Due dates are in
`motcua.days.due_dates`.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from motcua.catalog import catalog_files
from motcua.errors import CatalogError

FIRST_YEAR, LAST_YEAR = 2010, 2045

Days = NDArray[np.datetime64]


class SwappedDay(BaseModel):
    """A day that a decision changed: a working day became a rest day, or a rest day became a working day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: date
    kind: Literal["rest", "working"]
    reason: str
    evidence: str


@lru_cache(maxsize=4)
def working_calendar(catalog_dir: Path) -> np.busdaycalendar:
    """Return the calendar of `FIRST_YEAR` to `LAST_YEAR`. Every day outside these years counts as a working day.

    Raises:
        CatalogError: a row of `calendar/*.csv` is wrong. The message names the file and the line.
    """
    import holidays

    library = holidays.country_holidays("VN", years=range(FIRST_YEAR, LAST_YEAR + 1))
    make_up_days = set(library.weekend_workdays)
    day, end = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
    rest_days = set(library)
    while day <= end:
        if day.weekday() >= 5 and day not in make_up_days:
            rest_days.add(day)
        day += timedelta(days=1)
    for swapped in swapped_days(catalog_dir):
        (rest_days.add if swapped.kind == "rest" else rest_days.discard)(swapped.day)
    # numpy cannot make one Saturday a working day of a Monday-to-Friday week, so rest days are listed one by one.
    return np.busdaycalendar(weekmask="1111111", holidays=np.array(sorted(rest_days), dtype="datetime64[D]"))


def swapped_days(catalog_dir: Path) -> list[SwappedDay]:
    """Return the swapped days of a catalogue. A catalogue without the table uses the table of the shipped catalogue."""
    days: list[SwappedDay] = []
    for path in catalog_files(catalog_dir, "calendar", "*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            for row in reader:
                try:
                    days.append(SwappedDay.model_validate(row))
                except ValidationError as error:
                    first = error.errors()[0]
                    raise CatalogError(
                        f"{path}:{reader.line_num}: {'.'.join(map(str, first['loc']))}: {first['msg']}.",
                        action="correct that line; the columns are day, kind (rest or working), reason and evidence.",
                    ) from None
    return days


def workdays_from(
    start: ArrayLike, end: ArrayLike, calendar: np.busdaycalendar, *, is_worked: bool = False
) -> NDArray[np.int64]:
    """Return how many working days `end` is after `start`; the number is negative when `end` is before `start`.

    A rest day counts as the next working day. `is_worked` states that every day of `start` is a working day, which
    saves the time to move them.
    """
    first = _days(start) if is_worked else np.busday_offset(_days(start), 0, roll="forward", busdaycal=calendar)
    last = np.busday_offset(_days(end), 0, roll="forward", busdaycal=calendar)
    return np.asarray(np.busday_count(first, last, busdaycal=calendar), dtype=np.int64)


def add_workdays(day: date, count: int, calendar: np.busdaycalendar) -> date:
    """Return the working day that is `count` working days after `day`. A rest day counts as the next working day."""
    moved = np.busday_offset(np.datetime64(day, "D"), count, roll="forward", busdaycal=calendar)
    result: date = moved.astype(object)
    return result


def rest_days(calendar: np.busdaycalendar) -> tuple[Days, Days]:
    """Return the rest days of the calendar, in order, and the working day that follows each of them."""
    days: Days = calendar.holidays
    return days, np.asarray(np.busday_offset(days, 0, roll="forward", busdaycal=calendar))


def is_workday(day: date, calendar: np.busdaycalendar) -> bool:
    """Return whether a day is a working day."""
    return bool(np.is_busday(np.datetime64(day, "D"), busdaycal=calendar))


@lru_cache(maxsize=64)
def lunar_new_year(year: int) -> date:
    """Return the first day of the lunar year (mùng 1 Tết) that falls in a year."""
    import holidays

    days = holidays.country_holidays("VN", years=year, language="en_US")
    first: date = min(day for day, name in days.items() if "Lunar New Year" in name.split("; "))
    return first


def _days(days: ArrayLike) -> Days:
    return np.asarray(days, dtype="datetime64[D]")
