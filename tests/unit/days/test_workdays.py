from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from motcua.days.workdays import add_workdays, is_workday, swapped_days, workdays_from, working_calendar
from motcua.errors import CatalogError
from motcua.settings import Settings

CALENDAR = working_calendar(Settings.load().catalog_dir)


@pytest.mark.parametrize("day", [date(2023, 1, 20), date(2023, 1, 26), date(2023, 9, 1), date(2025, 5, 2)])
def test_a_public_holiday_is_not_a_working_day(day: date) -> None:
    assert not is_workday(day, CALENDAR)


def test_a_swapped_saturday_is_a_working_day() -> None:
    assert is_workday(date(2024, 5, 4), CALENDAR)


def test_working_days_between_two_days_have_a_sign() -> None:
    found = workdays_from(
        np.array(["2023-10-06", "2023-10-09", "2023-10-07", "2023-10-02"], dtype="datetime64[D]"),
        np.array(["2023-10-09", "2023-10-06", "2023-10-09", "2023-10-02"], dtype="datetime64[D]"),
        CALENDAR,
    )
    assert found.tolist() == [1, -1, 0, 0]


def test_three_working_days_from_a_friday_end_on_wednesday() -> None:
    assert add_workdays(date(2023, 10, 6), 3, CALENDAR) == date(2023, 10, 11)


def test_the_table_of_swapped_days_overrides_the_library(tmp_path: Path) -> None:
    table = tmp_path / "calendar" / "swapped_days.csv"
    table.parent.mkdir()
    table.write_text("day,kind,reason,evidence\n2023-10-04,rest,r,e\n2023-10-07,working,r,e\n", encoding="utf-8")
    calendar = working_calendar(tmp_path)
    assert not is_workday(date(2023, 10, 4), calendar)
    assert is_workday(date(2023, 10, 7), calendar)


def test_a_wrong_row_is_refused_with_file_and_line(tmp_path: Path) -> None:
    table = tmp_path / "calendar" / "swapped_days.csv"
    table.parent.mkdir()
    table.write_text("day,kind,reason,evidence\n2023-10-04,holiday,r,e\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"swapped_days\.csv:2: kind"):
        swapped_days(tmp_path)


def test_a_catalogue_without_the_table_keeps_the_public_holidays(tmp_path: Path) -> None:
    assert not is_workday(date(2023, 9, 4), working_calendar(tmp_path))


def test_every_swapped_day_of_the_catalogue_has_its_evidence() -> None:
    days = swapped_days(Settings.load().catalog_dir)
    assert days
    assert all(day.evidence for day in days)
