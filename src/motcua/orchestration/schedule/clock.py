"""The times at which DAGs start automatically, and the switch that turns them off.

`MOTCUA_CLOCK=off` removes the times from all schedules and keeps the asset links. An installation whose runs are only
started by hand (the demo, the tests, a stand-by site) must not pull a night at 01:00 automatically. Airflow has no such
switch: a paused DAG runs nothing at all, and `[scheduler] use_job_schedule` stops asset events as well.
"""

from __future__ import annotations

import os

from airflow.sdk import Asset, AssetOrTimeSchedule, CronDataIntervalTimetable, CronTriggerTimetable

from motcua.errors import ConfigurationError
from motcua.orchestration.schedule.timetables import ReportingPeriodTimetable
from motcua.settings import TIMEZONE

# Data interval [D-1 01:00, D 01:00): the night of day D-1. A cron string would give an empty data interval.
_NIGHTLY = "0 1 * * *"
_PETITIONS = "30 0 * * *"
_BRIEF_AT_THE_LATEST = "0 5 * * *"
_UNFINISHED = "30 5 * * *"  # after the brief, which checks the measures of the night
_REMINDERS = "0 7 * * *"
_CALENDAR_MONTHS = "0 6 2 * *"  # leaves a day for sources that did not answer in the last night
_PORTAL = "0 6 3 * *"  # the portal is still updated for some days after a month


def clock_runs() -> bool:
    """Return whether times start DAGs. Raises ConfigurationError unless the switch is on or off."""
    value = os.environ.get("MOTCUA_CLOCK") or "on"
    if value not in ("on", "off"):
        raise ConfigurationError(f"MOTCUA_CLOCK is {value!r}.", action="set it to on or off, or remove it.")
    return value == "on"


def nightly() -> CronDataIntervalTimetable | None:
    """01:00 each night, for the day before."""
    return CronDataIntervalTimetable(_NIGHTLY, timezone=TIMEZONE) if clock_runs() else None


def before_the_night() -> CronTriggerTimetable | None:
    """00:30 each night: the files of the day before have arrived, and no dossier is pulled yet."""
    return CronTriggerTimetable(_PETITIONS, timezone=TIMEZONE) if clock_runs() else None


def after_asset_or_by_five(asset: Asset) -> AssetOrTimeSchedule | list[Asset]:
    """After each update of the asset, and at 05:00 in any case."""
    if not clock_runs():
        return [asset]
    return AssetOrTimeSchedule(
        timetable=CronDataIntervalTimetable(_BRIEF_AT_THE_LATEST, timezone=TIMEZONE), assets=[asset]
    )


def after_the_night() -> CronTriggerTimetable | None:
    """05:30 each day, when the night is measured and its brief is published."""
    return CronTriggerTimetable(_UNFINISHED, timezone=TIMEZONE) if clock_runs() else None


def each_morning() -> CronTriggerTimetable | None:
    """07:00 each day, when offices open."""
    return CronTriggerTimetable(_REMINDERS, timezone=TIMEZONE) if clock_runs() else None


def calendar_months() -> CronTriggerTimetable | None:
    """06:00 on the 2nd, for the calendar month before."""
    return CronTriggerTimetable(_CALENDAR_MONTHS, timezone=TIMEZONE) if clock_runs() else None


def after_each_month() -> CronTriggerTimetable | None:
    """06:00 on the 3rd, when the calendar month before is complete."""
    return CronTriggerTimetable(_PORTAL, timezone=TIMEZONE) if clock_runs() else None


def reporting_periods() -> ReportingPeriodTimetable | None:
    """The 15th of each month, some hours of grace after the reporting month ended on the 14th."""
    return ReportingPeriodTimetable() if clock_runs() else None
