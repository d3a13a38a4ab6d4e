"""A time limit that stands in the place of a due day, and the due day that it means: `Trong ngày`, `10 ngày làm việc`.

How days and hours are counted from reception is decided by `motcua.days.due_dates` and nowhere else. A due day has no
hour, as a due day that an office writes has none; hours are counted to the minute.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any, Literal, NamedTuple

import numpy as np

from motcua.catalog import Catalog, TimeUnit
from motcua.days.due_dates import due_dates, due_rules
from motcua.days.workdays import working_calendar
from motcua.days.years import calendar_years
from motcua.spelling import tidy

DayUnit = Literal["working_days", "calendar_days"]

_LONGEST = 999  # a larger number is a day in some spelling
_LIMIT = re.compile(
    r"(?P<same>(?:ngay )?trong ngày(?: làm việc)?)"
    r"|(?P<count>\d{1,3})(?: ?(?P<unit>ngày|giờ))?(?P<worked> làm việc| lv)?"
)


class Limit(NamedTuple):
    """A time limit: how many of which unit."""

    number: int
    unit: TimeUnit


class Asked(NamedTuple):
    """What a due day is counted from: the limit, the reception and the national code of the procedure, if known."""

    limit: Limit
    received_at: datetime | None
    procedure: str


def limit_of(value: Any, days: DayUnit) -> Limit | None:
    """Return the time limit that a cell holds; None for anything else, parts of days and of hours included.

    Args:
        days: what a number is of that says no unit, or only `ngày`; hours are working hours.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Limit(int(value), days) if 0 < value <= _LONGEST and value == int(value) else None
    match = _LIMIT.fullmatch(tidy(value).casefold()) if isinstance(value, str) else None
    if match is None or (match["worked"] and not match["unit"]):
        return None
    if match["same"]:
        return Limit(0, "same_day")
    if match["unit"] == "giờ":
        return Limit(int(match["count"]), "working_hours")
    return Limit(int(match["count"]), "working_days" if match["worked"] else days)


class LimitDays:
    """Counts due days from time limits, for the records of one level of a province."""

    def __init__(self, catalog: Catalog, level: str, province: str) -> None:
        self._catalog = catalog
        self._level = level
        self._province = province

    def due(self, asked: Mapping[int, Asked]) -> dict[int, datetime | str]:
        """Return the due instant of each row, or why it cannot be counted."""
        found: dict[int, datetime | str] = {}
        groups: defaultdict[tuple[int, TimeUnit], list[int]] = defaultdict(list)
        for row, (limit, received_at, procedure) in asked.items():
            if received_at is None:
                found[row] = "a time limit, and the reception that it is counted from is empty or unread"
            elif limit.unit == "working_hours" and received_at.time() == time():
                found[row] = "a time limit in hours, and the reception has no hour"
            elif (rule := self._rule(procedure, received_at.date())) is None:
                found[row] = "a time limit, and no rule of due dates is in force on the day of reception"
            else:
                groups[rule, limit.unit].append(row)
        for (rule, unit), rows in groups.items():
            found |= self._counted(asked, rows, rule, unit)
        return found

    def _rule(self, procedure: str, day: date) -> int | None:
        known_from = max(day, self._catalog.procedures_known_from)
        entry = self._catalog.procedure(procedure, known_from, self._level, self._province) if procedure else None
        return due_rules(self._catalog.folder).narrowest_index(
            procedure, entry.field_code if entry else "", self._province, day
        )

    def _counted(
        self, asked: Mapping[int, Asked], rows: list[int], rule: int, unit: TimeUnit
    ) -> Iterable[tuple[int, datetime | str]]:
        folder = self._catalog.folder
        received = [asked[row].received_at for row in rows]
        due = due_dates(
            np.array(received, "datetime64[us]"), [asked[row].limit.number for row in rows], unit,
            due_rules(folder).rules[rule], working_calendar(folder),
        )  # fmt: skip
        at = due.due_on.astype("datetime64[us]") if due.exact_at is None else due.due_at
        known = calendar_years(folder)
        for row, since, until in zip(rows, received, at.astype(object), strict=True):
            assert since is not None
            unknown = [year for year in range(since.year, until.year + 1) if year not in known]
            why = f"a time limit, and the calendar of {unknown[0]} is not in the catalogue" if unknown else None
            yield row, why or until
