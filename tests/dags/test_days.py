"""Which days a run is about, however it was started."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from motcua.errors import ConfigurationError
from motcua.orchestration.schedule.days import RunDays, resolve_days

# 01:00 on 2 November in Vietnam.
ONE_IN_THE_MORNING = datetime(2023, 11, 1, 18, 0, tzinfo=UTC)


def run(**values: Any) -> SimpleNamespace:
    given = {"partition_key": None, "data_interval_end": None, "run_after": ONE_IN_THE_MORNING}
    return SimpleNamespace(**{**given, **values})


def test_conf_comes_before_partition_key_and_interval() -> None:
    started = run(partition_key="2023-09-01", data_interval_end=ONE_IN_THE_MORNING)
    window = (date(2023, 10, 1), date(2023, 10, 31))
    assert resolve_days({"from": "2023-10-01", "to": "2023-10-31"}, started) == RunDays(window[1], window)


def test_to_alone_is_the_night_of_that_day_with_what_is_due() -> None:
    assert resolve_days({"from": None, "to": "2023-10-31"}, run()) == RunDays(date(2023, 10, 31))


def test_a_partition_key_is_a_day_or_a_range_of_days() -> None:
    assert resolve_days({}, run(partition_key="2023-09-01")) == RunDays(date(2023, 9, 1))
    window = (date(2023, 9, 1), date(2023, 9, 30))
    assert resolve_days({}, run(partition_key="2023-09-01..2023-09-30")) == RunDays(window[1], window)


def test_the_night_is_the_day_before_the_run_in_vietnam() -> None:
    assert resolve_days({}, run(data_interval_end=ONE_IN_THE_MORNING)) == RunDays(date(2023, 11, 1))


def test_a_run_by_hand_without_conf_is_for_the_day_before_its_start() -> None:
    late_evening = datetime(2023, 11, 1, 16, 59, tzinfo=UTC)
    assert resolve_days({}, run(run_after=late_evening)).day == date(2023, 10, 31)
    assert resolve_days({}, run(run_after=late_evening.replace(hour=17))).day == date(2023, 11, 1)


@pytest.mark.parametrize(
    "params",
    [
        {"from": "2023-10-01", "to": None},
        {"from": "2023-10-31", "to": "2023-10-01"},
        {"from": "01/10/2023", "to": "31/10/2023"},
    ],
)
def test_days_that_are_not_a_window_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        resolve_days(params, run())
