"""A time limit in the place of a due day is counted by the rules of due dates, or it is said why it cannot be."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.catalog import load_catalog
from motcua.days.limits import Asked, Limit, LimitDays, limit_of
from motcua.settings import PROJECT_ROOT

DAYS = LimitDays(load_catalog(PROJECT_ROOT / "include" / "catalog"), "commune", "84")
# Rest days from Monday to Friday of October 2023 to March 2024, from the public announcements of these holidays.
REST = {date(2024, 1, 1), *(date(2024, 2, day) for day in (8, 9, 12, 13, 14))}


def due(said: Any, received_at: datetime | None, procedure: str = "1.001193", days: Any = "working_days") -> Any:
    limit = limit_of(said, days)
    assert limit is not None
    return DAYS.due({7: Asked(limit, received_at, procedure)})[7]


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("Trong ngày", (0, "same_day")),
        ("TRONG NGÀY LÀM VIỆC", (0, "same_day")),
        ("ngay trong ngày", (0, "same_day")),
        ("10 ngày", (10, "working_days")),
        ("10 ngày làm việc", (10, "working_days")),
        ("05 ngày LV", (5, "working_days")),
        ("10ngày", (10, "working_days")),
        ("10", (10, "working_days")),
        (10, (10, "working_days")),
        (10.0, (10, "working_days")),
        ("3 giờ", (3, "working_hours")),
        ("3 giờ làm việc", (3, "working_hours")),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_limit_is_read_in_any_spelling(said: Any, limit: tuple[int, str], form: Any) -> None:
    assert limit_of(unicodedata.normalize(form, said) if isinstance(said, str) else said, "working_days") == limit


@pytest.mark.parametrize(
    "said",
    ["0,5 ngày", "0.5", 0.5, "nửa ngày", "10-15 ngày", "khoảng 10 ngày", "10 tháng", "ngày",
     "10 làm việc", "trong tuần", "trong ngày 10", "1000", 1000, 0, -1, True, None, "", "05/10/2023",
     "20231005", date(2023, 10, 5), "#REF!"],
)  # fmt: skip
def test_anything_else_is_no_limit(said: Any) -> None:
    assert limit_of(said, "working_days") is None


def test_calendar_days_are_counted_where_the_mapping_says_so_and_the_cell_does_not_say_working_days() -> None:
    assert limit_of("10 ngày", "calendar_days") == limit_of(10, "calendar_days") == Limit(10, "calendar_days")
    assert limit_of("10 ngày làm việc", "calendar_days") == Limit(10, "working_days")
    assert due("10 ngày", datetime(2023, 10, 3), days="calendar_days") == datetime(2023, 10, 13)
    assert due("10 ngày", datetime(2023, 10, 4), days="calendar_days") == datetime(2023, 10, 16)  # a Saturday moves


@given(st.dates(date(2023, 10, 2), date(2024, 2, 2)), st.integers(1, 25))
def test_working_days_are_counted_from_the_day_after_reception(received: date, number: int) -> None:
    day = received
    while day.weekday() > 4 or day in REST:  # what comes in on a rest day comes in on the next working day
        day += timedelta(days=1)
    left = number
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5 and day not in REST
    assert due(f"{number} ngày", datetime(received.year, received.month, received.day)) == datetime(
        day.year, day.month, day.day
    )


@pytest.mark.parametrize(
    ("said", "received_at", "at"),
    [
        ("Trong ngày", datetime(2023, 10, 5), datetime(2023, 10, 5)),
        ("Trong ngày", datetime(2023, 10, 5, 15), datetime(2023, 10, 5)),
        ("Trong ngày", datetime(2023, 10, 5, 15, 1), datetime(2023, 10, 6)),  # domain.md section 4.4
        ("Trong ngày", datetime(2023, 10, 7, 9), datetime(2023, 10, 9)),  # a Saturday
        ("1 ngày", datetime(2023, 10, 6, 9), datetime(2023, 10, 9)),
        ("3 giờ", datetime(2023, 10, 5, 9), datetime(2023, 10, 5, 14)),
        ("4 giờ", datetime(2023, 10, 6, 16), datetime(2023, 10, 9, 10, 30)),
    ],
)
def test_a_due_day_has_no_hour_and_hours_are_working_hours(said: str, received_at: datetime, at: datetime) -> None:
    assert due(said, received_at) == at


@pytest.mark.parametrize(
    ("said", "received_at", "why"),
    [
        ("Trong ngày", None, "reception that it is counted from is empty or unread"),
        ("3 giờ", datetime(2023, 10, 5), "reception has no hour"),
        ("10 ngày", datetime(2026, 12, 25), "calendar of 2027 is not in the catalogue"),
        ("1 ngày", datetime(2017, 5, 5), "calendar of 2017 is not in the catalogue"),
        ("10 ngày", datetime(1999, 10, 5), "no rule of due dates is in force"),
    ],
)
def test_what_cannot_be_counted_says_why(said: str, received_at: datetime | None, why: str) -> None:
    assert why in due(said, received_at)


def test_rows_of_every_kind_are_counted_together_each_as_if_alone() -> None:
    said = ["Trong ngày", "10", "3 giờ", "5 ngày làm việc", "2 ngày"]
    received = [
        datetime(2023, 10, 5, 9),
        None,
        datetime(2023, 10, 6, 10),
        datetime(2026, 12, 30),
        datetime(2023, 11, 1),
    ]
    asked = {
        row: Asked(limit, at, code)
        for row, (limit, at, code) in enumerate(
            (limit_of(text, "working_days"), at, code) for text in said for at in received for code in ("", "2.000815")
        )
        if limit
    }
    assert DAYS.due(asked) == {row: DAYS.due({row: one})[row] for row, one in asked.items()}
    assert len(asked) == 50
