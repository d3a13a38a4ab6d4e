from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from motcua.days.workdays import (
    add_workdays,
    is_workday,
    lunar_new_year,
    rest_days,
    swapped_days,
    workdays_from,
    working_calendar,
)
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


def test_a_swap_that_only_the_library_knows_holds_too(tmp_path: Path) -> None:
    table = tmp_path / "calendar" / "swapped_days.csv"
    table.parent.mkdir()
    table.write_text("day,kind,reason,evidence\n", encoding="utf-8")
    calendar = working_calendar(tmp_path)
    assert is_workday(date(2019, 5, 4), calendar)  # a Saturday, for 29 April 2019
    assert not is_workday(date(2019, 4, 29), calendar)
    assert not is_workday(date(2019, 5, 11), calendar)


@pytest.mark.parametrize(
    ("day", "is_worked"),
    [
        (date(2009, 12, 27), True),  # a Sunday, but of a year that no calendar was asked for
        (date(2010, 1, 1), False),
        (date(2010, 1, 2), False),
        (date(2045, 5, 1), False),
        (date(2045, 12, 31), False),
        (date(2046, 1, 1), True),
    ],
)
def test_weekends_and_holidays_are_known_from_the_first_to_the_last_year(day: date, is_worked: bool) -> None:
    assert is_workday(day, CALENDAR) is is_worked


def test_monday_to_friday_are_worked_and_the_weekend_is_not() -> None:
    week = [is_workday(date(2023, 10, day), CALENDAR) for day in range(2, 9)]
    assert week == [True] * 5 + [False] * 2


def test_the_first_of_several_faults_in_a_row_is_named(tmp_path: Path) -> None:
    table = tmp_path / "calendar" / "swapped_days.csv"
    table.parent.mkdir()
    table.write_text("day,kind,reason,evidence\n2023-10-04,rest,r,e\nnever,holiday,r,e\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"swapped_days\.csv:3: day"):
        swapped_days(tmp_path)


def test_a_rest_day_counts_as_the_working_day_after_it_in_both_directions() -> None:
    saturday, friday = np.array(["2023-10-07"], "datetime64[D]"), np.array(["2023-10-06"], "datetime64[D]")
    assert workdays_from(saturday, friday, CALENDAR).tolist() == [-1]
    assert workdays_from(friday, saturday, CALENDAR).tolist() == [1]
    monday = np.array(["2023-10-09"], "datetime64[D]")
    assert workdays_from(monday, friday, CALENDAR, is_worked=True).tolist() == [-1]


def test_the_lunar_year_begins_on_its_first_day() -> None:
    first = [lunar_new_year(year) for year in range(2021, 2026)]
    assert first == [date(2021, 2, 12), date(2022, 2, 1), date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29)]


def test_each_rest_day_leads_to_the_first_working_day_after_it() -> None:
    days, following = rest_days(CALENDAR)
    of_2023 = {day: after for day, after in zip(days.tolist(), following.tolist(), strict=True) if day.year == 2023}
    every = [date(2023, 1, 1) + timedelta(days=number) for number in range(365)]
    assert of_2023.keys() == {day for day in every if not is_workday(day, CALENDAR)}
    for day, after in of_2023.items():
        assert after > day
        between = [day + timedelta(days=number) for number in range((after - day).days)]
        assert [is_workday(one, CALENDAR) for one in [*between, after]] == [False] * len(between) + [True]
