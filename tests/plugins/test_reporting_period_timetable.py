"""The timetable of the reporting periods (NĐ 09/2019/NĐ-CP Điều 12): 15th to 14th, run after a grace."""

from __future__ import annotations

from datetime import timedelta

import pendulum
import pytest
from airflow.timetables.base import DataInterval, TimeRestriction
from airflow.utils.types import DagRunType

from motcua.orchestration.schedule import timetables
from motcua.orchestration.schedule.timetables import ReportingPeriodTimetable

TZ = "Asia/Ho_Chi_Minh"


def at(*parts: int) -> pendulum.DateTime:
    return pendulum.datetime(*parts, tz=TZ)


def restriction(earliest: pendulum.DateTime | None, catchup: bool = True) -> TimeRestriction:
    return TimeRestriction(earliest=earliest, latest=None, catchup=catchup)


def test_the_interval_is_the_reporting_month_and_the_run_starts_six_hours_later() -> None:
    info = ReportingPeriodTimetable().next_dagrun_info(
        last_automated_data_interval=DataInterval(at(2023, 8, 15), at(2023, 9, 15)), restriction=restriction(None)
    )
    assert info is not None
    assert info.data_interval == DataInterval(at(2023, 9, 15), at(2023, 10, 15))
    assert info.run_after == at(2023, 10, 15, 6)


def test_months_follow_each_other_without_gap_over_a_new_year() -> None:
    timetable = ReportingPeriodTimetable()
    last, seen = None, []
    for _ in range(4):
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction(at(2023, 11, 15)))
        assert info is not None
        last = info.data_interval
        seen.append((last.start.in_timezone(TZ).to_date_string(), last.end.in_timezone(TZ).to_date_string()))
    assert seen == [
        ("2023-11-15", "2023-12-15"),
        ("2023-12-15", "2024-01-15"),
        ("2024-01-15", "2024-02-15"),
        ("2024-02-15", "2024-03-15"),
    ]


def test_a_start_inside_a_month_waits_for_the_next_whole_month() -> None:
    info = ReportingPeriodTimetable().next_dagrun_info(
        last_automated_data_interval=None, restriction=restriction(at(2023, 10, 20))
    )
    assert info is not None
    assert info.data_interval == DataInterval(at(2023, 11, 15), at(2023, 12, 15))


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (at(2023, 10, 14, 23, 59), at(2023, 9, 15)),
        (at(2023, 10, 15, 3), at(2023, 10, 15)),
        (at(2023, 10, 15, 7), at(2023, 10, 15)),
    ],
)
def test_without_catch_up_the_last_ended_month_is_taken_even_within_the_grace(
    now: pendulum.DateTime, end: pendulum.DateTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow.timetables.interval.utcnow", lambda: now)
    info = ReportingPeriodTimetable().next_dagrun_info(
        last_automated_data_interval=None, restriction=restriction(at(2020, 1, 1), catchup=False)
    )
    assert info is not None
    assert info.data_interval is not None
    assert info.data_interval.end == end
    assert info.run_after == end + timetables.GRACE


def test_a_run_by_hand_takes_the_last_ended_month() -> None:
    interval = ReportingPeriodTimetable().infer_manual_data_interval(run_after=at(2023, 10, 31, 9))
    assert interval == DataInterval(at(2023, 9, 15), at(2023, 10, 15))


def test_it_survives_serialisation() -> None:
    timetable = ReportingPeriodTimetable(grace=timedelta(hours=9))
    again = ReportingPeriodTimetable.deserialize(timetable.serialize())
    assert again == timetable
    assert again != ReportingPeriodTimetable()
    assert again.summary == "15th + 9 h"


def test_a_scheduled_run_is_named_for_its_period() -> None:
    interval = DataInterval(at(2023, 9, 15), at(2023, 10, 15))
    named = ReportingPeriodTimetable().generate_run_id(
        run_type=DagRunType.SCHEDULED, run_after=at(2023, 10, 15, 6), data_interval=interval
    )
    assert named == "scheduled__RPT_MONTH-2023-10"
    by_hand = ReportingPeriodTimetable().generate_run_id(
        run_type=DagRunType.MANUAL, run_after=at(2023, 10, 20, 9), data_interval=interval
    )
    assert by_hand.startswith("manual__2023-10-20T09:00")
