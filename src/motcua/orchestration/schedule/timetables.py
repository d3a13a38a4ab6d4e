"""Timetables that Airflow does not have. Registered by `plugins/motcua_plugin.py`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.utils.types import DagRunType
from pendulum import DateTime

from motcua.period import periods_ending_on
from motcua.settings import TIMEZONE

# The night of the 14th is pulled at 01:00 on the 15th and its brief is due by 05:00.
GRACE = timedelta(hours=6)


class ReportingPeriodTimetable(CronDataIntervalTimetable):
    """Reporting months, from the 15th 00:00 to the next 15th 00:00 (NĐ 09/2019/NĐ-CP Điều 12).

    A run starts some time of grace after its month ended. The same run publishes the quarter, half-year, nine months
    and year that end with the month (`motcua.period.periods_ending_on`), so two runs of one morning cannot disagree.
    """

    def __init__(self, grace: timedelta = GRACE) -> None:
        super().__init__("0 0 15 * *", timezone=TIMEZONE)
        self._grace = grace
        hours = grace.total_seconds() / 3600
        self.description = f"Reporting periods (15th to 14th), {hours:g} hours after they end"

    @property
    def summary(self) -> str:
        return f"15th + {self._grace.total_seconds() / 3600:g} h"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReportingPeriodTimetable) and self._grace == other._grace

    def __hash__(self) -> int:
        return hash(self._grace)

    def serialize(self) -> dict[str, Any]:
        return {"grace_seconds": self._grace.total_seconds()}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Timetable:
        return cls(timedelta(seconds=data["grace_seconds"]))

    def generate_run_id(
        self, *, run_type: Any, run_after: DateTime, data_interval: DataInterval | None, **extra: Any
    ) -> str:
        """Return a run id that contains the period of a scheduled run, for people who read the list of runs."""
        if run_type == DagRunType.SCHEDULED and data_interval is not None:
            ends = data_interval.end.in_timezone(TIMEZONE).date() - timedelta(days=1)
            month = periods_ending_on(ends)[0]
            return run_type.generate_run_id(suffix=f"{month.period_type}-{month.label}")  # type: ignore[no-any-return]
        return super().generate_run_id(run_type=run_type, run_after=run_after, data_interval=data_interval, **extra)

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        info = super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )
        if info is None or info.data_interval is None:
            return info
        return DagRunInfo(run_after=info.data_interval.end + self._grace, data_interval=info.data_interval)
