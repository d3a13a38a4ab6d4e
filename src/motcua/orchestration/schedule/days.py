"""The days of a run: from its conf, its partition key or its data interval, in that order.

Each way to start a run gives other parts of the context: a run triggered by hand has no data interval, and a
partitioned run has only its key. Only this module reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from motcua.errors import ConfigurationError
from motcua.period import Period, calendar_period, parse_period
from motcua.settings import TIMEZONE


@dataclass(frozen=True)
class RunDays:
    """The day of the night, and the window of the run; None: each source is pulled for the days it is due."""

    day: date
    window: tuple[date, date] | None = None


def resolve_days(params: Mapping[str, Any], dag_run: Any) -> RunDays:
    """Return the days of an ingest run.

    Args:
        params: `from` and `to` as ISO dates, both inclusive, or neither. `to` alone is the night of that day.
        dag_run: Airflow's run: `partition_key` (a day, or `from..to`), `data_interval_end`, `run_after`.

    Raises:
        ConfigurationError: a date is malformed, `from` has no `to`, or the window ends before it starts.
    """
    if params.get("from") or params.get("to"):
        return _between(params.get("from"), params.get("to"), "conf")
    if key := getattr(dag_run, "partition_key", None):
        first, _, last = str(key).partition("..")
        return _between(first if last else None, last or first, "the partition key")
    return RunDays(night_before(dag_run))


def night_before(dag_run: Any) -> date:
    """Return the day before the run, in Vietnam: a run at 01:00 on the 2nd is the night of the 1st."""
    at: datetime = getattr(dag_run, "data_interval_end", None) or dag_run.run_after
    return at.astimezone(ZoneInfo(TIMEZONE)).date() - timedelta(days=1)


def month_before(params: Mapping[str, Any], dag_run: Any) -> Period:
    """Return the period in the conf of the run, otherwise the calendar month before the day of the run, in Vietnam."""
    if params.get("period"):
        return parse_period(params["period"])
    at: datetime = dag_run.run_after
    last_day = at.astimezone(ZoneInfo(TIMEZONE)).date().replace(day=1) - timedelta(days=1)
    return calendar_period("MONTH", last_day.year, last_day.month)


def _between(first: str | None, last: str | None, where: str) -> RunDays:
    if not last:
        raise ConfigurationError(
            f"The run's {where} has a from ({first}) but no to.",
            action='give both, {"from": "2023-10-01", "to": "2023-10-31"}, or only "to" for the night of one day.',
        )
    try:
        to_date = date.fromisoformat(last)
        from_date = date.fromisoformat(first) if first else None
    except ValueError:
        raise ConfigurationError(
            f"The run's {where} has {first!r} and {last!r}, and one of them is not a date.",
            action="write dates as 2023-10-31.",
        ) from None
    if from_date is None:
        return RunDays(to_date)
    if to_date < from_date:
        raise ConfigurationError(
            f"The run's {where} ends on {to_date}, before it starts on {from_date}.",
            action="swap from and to.",
        )
    return RunDays(to_date, (from_date, to_date))
