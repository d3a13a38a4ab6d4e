"""Reporting periods. NĐ 09/2019/NĐ-CP Điều 12 for the reporting ones (15th to 14th); calendar ones for the portal.

The two systems are never mixed: a period carries its type, and equal labels of two types are two periods.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from motcua.errors import ConfigurationError

PeriodType = Literal[
    "RPT_MONTH", "RPT_QUARTER", "RPT_H1", "RPT_H2", "RPT_9M", "RPT_YEAR",
    "CAL_MONTH", "CAL_QUARTER", "CAL_H1", "CAL_H2", "CAL_YEAR", "DAY", "CUSTOM",
]  # fmt: skip

# The months a reporting period covers, as (first, last) of the period's year. RPT_9M has no clause of its own in
# NĐ 09/2019: it is the union of the first three quarters, used in practice (inferred, domain.md section 2.1).
_SPANS: dict[str, tuple[int, int]] = {"H1": (1, 6), "H2": (7, 12), "9M": (1, 9), "YEAR": (1, 12)}


@dataclass(frozen=True)
class Period:
    """A run of days, both ends included."""

    period_type: PeriodType
    label: str
    from_date: date
    to_date: date

    @property
    def days(self) -> int:
        return (self.to_date - self.from_date).days + 1

    def as_json(self) -> dict[str, str]:
        return {
            "type": self.period_type,
            "label": self.label,
            "from": self.from_date.isoformat(),
            "to": self.to_date.isoformat(),
        }


def reporting_period(kind: str, year: int, number: int = 0) -> Period:
    """Return a reporting period of `year`: kind MONTH or QUARTER with its number, or H1, H2, 9M, YEAR.

    A reporting month M runs from the 15th of the month before to the 14th of M (NĐ 09/2019 Điều 12).
    """
    first, last = _months(kind, number)
    before = date(year, first, 1) - timedelta(days=1)
    return Period(_type("RPT", kind), _label(kind, year, number), before.replace(day=15), date(year, last, 14))


def calendar_period(kind: str, year: int, number: int = 0) -> Period:
    """Return a calendar period, first to last day of its months, as the National Portal uses."""
    first, last = _months(kind, number)
    end = date(year, last, calendar.monthrange(year, last)[1])
    return Period(_type("CAL", kind), _label(kind, year, number), date(year, first, 1), end)


def periods_ending_on(last_day: date) -> list[Period]:
    """Return every reporting period whose last day is `last_day`: none, or the month and what ends with it."""
    if last_day.day != 14:
        return []
    year, month = last_day.year, last_day.month
    periods = [reporting_period("MONTH", year, month)]
    if month % 3 == 0:
        periods.append(reporting_period("QUARTER", year, month // 3))
    if month == 6:
        periods.append(reporting_period("H1", year))
    if month == 9:
        periods.append(reporting_period("9M", year))
    if month == 12:
        periods += [reporting_period("H2", year), reporting_period("YEAR", year)]
    return periods


def day_period(day: date) -> Period:
    return Period("DAY", day.isoformat(), day, day)


def period_between(from_date: date, to_date: date) -> Period:
    """Return the named period with exactly these days, or a custom one. Reporting types are tried first."""
    if to_date < from_date:
        raise ConfigurationError(
            f"The period ends on {to_date}, before it starts on {from_date}.", action="swap --from and --to."
        )
    if from_date == to_date:
        return day_period(from_date)
    for period in (*periods_ending_on(to_date), *_calendar_periods_ending_on(to_date)):
        if period.from_date == from_date:
            return period
    return Period("CUSTOM", f"{from_date}..{to_date}", from_date, to_date)


def previous_period(period: Period) -> Period | None:
    """Return the period of the same kind just before: the month before a month; none before one of any other days.

    Half-years follow each other; nine months and years are compared with those of the year before.
    """
    last_day = period.from_date - timedelta(days=1)
    if period.period_type == "DAY":
        return day_period(last_day)
    if period.period_type == "RPT_9M":
        return reporting_period("9M", int(period.label[:4]) - 1)
    halves = {"RPT_H1": "RPT_H2", "RPT_H2": "RPT_H1", "CAL_H1": "CAL_H2", "CAL_H2": "CAL_H1"}
    wanted = halves.get(period.period_type, period.period_type)
    before = (*periods_ending_on(last_day), *_calendar_periods_ending_on(last_day))
    return next((period for period in before if period.period_type == wanted), None)


def parse_period(text: str) -> Period:
    """Read `<type>:<label>` (`RPT_MONTH:2023-10`, `CAL_QUARTER:2023-Q4`, `RPT_9M:2025-9M`) or `2023-10-01..2023-10-31`.

    The label of a half-year or of nine months may leave out what the type says already.
    """
    if days := re.fullmatch(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", text):
        return period_between(date.fromisoformat(days[1]), date.fromisoformat(days[2]))
    named = re.fullmatch(r"(?!CAL_9M)(RPT|CAL)_(MONTH|QUARTER|H1|H2|9M|YEAR):(\d{4})(?:-(?:\2|Q?(\d{1,2})))?", text)
    if named:
        system, kind, year, number = named[1], named[2], int(named[3]), int(named[4] or 0)
        limit = {"MONTH": 12, "QUARTER": 4}.get(kind, 0)
        if (1 <= number <= limit) if limit else number == 0:
            return (reporting_period if system == "RPT" else calendar_period)(kind, year, number)
    raise ConfigurationError(
        f"{text!r} is not a period.",
        action="write RPT_MONTH:2023-10, CAL_QUARTER:2023-Q4, RPT_YEAR:2025 or 2023-10-01..2023-10-31.",
    )


def _calendar_periods_ending_on(last_day: date) -> list[Period]:
    year, month = last_day.year, last_day.month
    candidates = [("MONTH", month), ("QUARTER", (month + 2) // 3), ("H1", 0), ("H2", 0), ("YEAR", 0)]
    periods = [calendar_period(kind, year, number) for kind, number in candidates]
    return [period for period in periods if period.to_date == last_day]


def _months(kind: str, number: int) -> tuple[int, int]:
    if kind == "MONTH":
        return number, number
    if kind == "QUARTER":
        return 3 * number - 2, 3 * number
    return _SPANS[kind]


def _label(kind: str, year: int, number: int) -> str:
    if kind == "MONTH":
        return f"{year}-{number:02d}"
    if kind == "QUARTER":
        return f"{year}-Q{number}"
    return f"{year}" if kind == "YEAR" else f"{year}-{kind}"


def _type(system: str, kind: str) -> Any:
    return f"{system}_{kind}"
