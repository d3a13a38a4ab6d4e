"""Days whose day and month changed places: a column shows it, or leaves it open, and neither is guessed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from motcua.extract.records.day_order import DayColumn, DayOrder, advice
from motcua.extract.wire.evidence import Stand, written

DAY_FIRST = ("d/M/yyyy", "d/M/yyyy HH:mm", "iso", "excel")
OCTOBER = [date(2025, 10, day) for day in range(1, 32)]
Values = Sequence[Any]


def found(*tables: Values, formats: Sequence[str] = DAY_FIRST, swapped: bool | None = None) -> str:
    """Return what is said of a column of these tables, each of which is a file."""
    order = DayOrder({"Hẹn trả": DayColumn("due_at", tuple(formats), swapped)})
    for file, values in enumerate(tables):
        stands = [written(Stand(f"{file}.xlsx", row=row)) for row in range(2, len(values) + 2)]
        order.add({"Hẹn trả": values}, len(values), stands)
    return " | ".join(order.findings())


def american(days: Sequence[date]) -> list[Any]:
    """Return days as American Excel makes them of what is typed as dd/MM/yyyy."""
    return [date(day.year, day.day, day.month) if day.day <= 12 else f"{day:%d/%m/%Y}" for day in days]


def test_a_column_that_american_excel_turned_is_named_with_two_places() -> None:
    told = found(american(OCTOBER))
    assert told.startswith("Hẹn trả (due_at): ")
    assert "13/10/2025, are texts, and 11 dates of the 1st to the 12th beside" in told  # 10/10 is right either way
    assert "0.xlsx row 2 says 2025-01-10, turned round 2025-10-01; 0.xlsx row 3 says 2025-02-10" in told
    assert told.endswith("; and 9 more")


@pytest.mark.parametrize(
    ("says", "values"),
    [
        ("dates and texts of one month", [date(2025, 10, 5), "15/10/2025"]),
        ("dates beside texts of the same month",
         [*(day for day in OCTOBER if day.day not in (9, 11)), "15/10/2025", "16/10/2025"]),
        ("one day with the year first among others", ["2025-09-10", "15/10/2025", "05/10/2025"]),
        ("dates only", [date(2025, month, day) for month in range(1, 13) for day in (4, 20)]),
        ("dates of the first days only", [date(2025, 10, 1), date(2025, 10, 2), date(2025, 9, 3)]),
        ("texts only", [f"{day:%d/%m/%Y}" for day in OCTOBER]),
        ("texts of the first days only", ["05/10/2025", "06/10/2025"]),
        ("texts of the 13th on only", ["15/10/2025", "16/10/2025"]),
        ("texts of all days beside dates",
         [*(f"{day:%d/%m/%Y}" for day in OCTOBER), date(2025, 9, 12), date(2025, 3, 20)]),
        ("the same day in both orders", [date(2025, 10, 10), date(2025, 5, 5), "15/10/2025"]),
        ("days with the year first", ["2025-10-05", "2025-10-15", date(2025, 3, 2)]),
        ("texts of two forms", ["05/10/2025", "25/10/2025", "2025-10-25", "2025-10-05"]),
        ("no days", ["Trong ngày", "#REF!", None, "", True, 12, "1/2/3", "100/10/2025", "15/10/5", "99/99/2025"]),
        ("dates of one day in three months", [date(2025, month, 10) for month in (1, 2, 3)]),
        ("dates of one day in each month, and one more",
         [date(2025, month, 10) for month in (1, 2, 3, 4)] + [date(2025, 1, 20)]),
    ],
)  # fmt: skip
def test_days_that_are_told_are_left_alone(says: str, values: list[Any]) -> None:
    assert found(values) == "", says


@pytest.mark.parametrize(
    ("says", "values", "example"),
    [
        ("one date and one text", [date(2025, 9, 10), "15/10/2025"], "row 2 says 2025-09-10, turned round 2025-10-09"),
        ("of no month of the texts", [date(2025, 3, 2), "15/10/2025"], "row 2 says 2025-03-02"),
        ("of a month of the texts, either way", [date(2025, 9, 10), "15/10/2025", "15/9/2025"],
         "row 2 says 2025-09-10"),
        ("a date that could be turned beside one that could not", [date(2025, 1, 10), date(2025, 10, 13), "15/10/2025"],
         "row 2 says 2025-01-10"),
        ("texts of so few first days", [*[f"{day}/10/2025" for day in range(13, 32)], "05/10/2025", date(2025, 1, 10)],
         "row 22 says 2025-01-10"),
        ("of the month before the texts", [date(2025, 9, 10), "15/9/2025"], "row 2 says 2025-09-10"),
        ("of one clerk beside texts of all days of another",
         [*(f"{day:%d/%m/%Y}" for day in OCTOBER), date(2025, 3, 10)],
         "row 33 says 2025-03-10, turned round 2025-10-03"),
        ("of the months beside them", [*OCTOBER, "15/10/2025"], "row 10 says 2025-10-09, turned round 2025-09-10"),
        ("with an hour", [datetime(2025, 1, 10, 8, 30), "15/10/2025 08:30"], "row 2 says 2025-01-10"),
        ("numbers of days", [45667, "15/10/2025"], "row 2 says 2025-01-10"),
        ("from a table that a program saved as CSV", [*(f"2025-0{month}-10" for month in (1, 2, 3, 4)), "15/10/2025"],
         "row 2 says 2025-01-10"),
        ("typed as MM/dd under Vietnamese settings", [date(2025, 5, 10), "10/15/2025"], "row 2 says 2025-05-10"),
        ("dates of one day in four months", [date(2025, month, 10) for month in (1, 2, 3, 4)],
         "of one day in 4 months"),
    ],
)  # fmt: skip
def test_dates_that_a_program_may_have_turned_are_named(says: str, values: list[Any], example: str) -> None:
    assert example in found(values), says


@pytest.mark.parametrize(
    ("formats", "values", "example"),
    [
        (("dd/MM/yyyy",), ["10/05/2025", "10/15/2025"], "10/05/2025, turned round 2025-10-05"),
        (("MM/dd/yyyy",), ["05/10/2025", "15/10/2025"], "05/10/2025, turned round 2025-10-05"),
        (("dd/MM/yyyy", "MM/dd/yyyy"), ["10/05/2025", "10/15/2025"], "10/05/2025, turned round 2025-10-05"),
        (("iso",), ["2025-05-10", "2025-15-10"], "2025-05-10, turned round 2025-10-05"),
        (("yyyy-dd-MM",), ["2025-10-05", "2025-10-15"], "2025-10-05, turned round 2025-10-05"),
        (("dd/MM/yy",), ["10/05/25", "10/15/25"], "10/05/2025, turned round 2025-10-05"),
        (("HH:mm dd.MM.yyyy",), ["08:30 10.05.2025", "08:30 10.15.2025"], "10.05.2025, turned round 2025-10-05"),
    ],
)  # fmt: skip
def test_texts_in_the_other_order_than_the_mapping_says_do_not_count_as_read(
    formats: tuple[str, ...], values: list[str], example: str
) -> None:
    told = found(values, formats=formats)
    assert "the other order than `formats`" in told
    assert f"row 2 says {example}" in told


def test_texts_in_both_orders_are_told_by_their_months_or_not_at_all() -> None:
    assert found(["25/10/2025", "05/10/2025", "10/15/2025"]) == ""
    assert "in both orders, as 25/10/2025 and 10/15/2025 show; 1 days" in found(
        ["25/10/2025", "10/05/2025", "10/15/2025", "05/10/2025"]
    )


def test_a_text_with_another_mark_is_another_form() -> None:
    formats = ("dd/MM/yyyy", "MM-dd-yyyy")
    assert found(["05/10/2025", "25/10/2025", "10-05-2025", "10-25-2025"], formats=formats) == ""


def test_each_file_is_judged_by_itself_and_what_it_leaves_open_by_all() -> None:
    days, months = ["05/10/2025", "25/10/2025"], ["10/05/2025", "10/25/2025"]
    assert found(days, days) == ""
    assert "1.xlsx row 2 says 10/05/2025, turned round 2025-10-05" in found(days, months)
    # The second file has no day that tells its order; the first one has, and in the other order.
    assert "1.xlsx row 2 says 10/06/2025" in found(["10/25/2025"], ["10/06/2025"])
    assert found(["25/10/2025"], ["05/10/2025"]) == ""
    assert "1.xlsx row 2 says 2025-06-10" in found(["25/10/2025"], [date(2025, 6, 10)])
    assert found(["25/10/2025"], [date(2025, 6, 10), date(2025, 6, 20)]) == ""


def test_what_the_mapping_says_is_so_unless_the_dates_say_otherwise() -> None:
    turned = american(OCTOBER)
    assert found(turned, swapped=False) == ""
    assert found(turned, swapped=True) == ""
    assert "but 1 dates cannot be turned round: 1.xlsx row 2 says 2025-10-15" in found(
        turned, [date(2025, 10, 15)], swapped=True
    )
    assert "1 dates are of its months as they stand: 0.xlsx row 2 says 2025-10-05" in found(
        [date(2025, 10, 5), "15/10/2025"], swapped=True
    )
    texts = [f"2025-0{month}-10" for month in (1, 2, 3, 4)]
    assert "row 2 says 2025-01-10" in found([*texts, "15/10/2025"], swapped=True)  # a text is not turned


def test_where_files_of_one_source_differ_nobody_is_told_to_read_them_as_they_stand() -> None:
    """Once `swapped: true` stood, `swapped: false` would read the files that a program turned as they stand."""
    where = "at the field in mappings/m.yaml"
    told = advice(where, [found(american(OCTOBER), [date(2025, 10, 15)], swapped=True)])
    assert told.startswith("the files of this source differ")
    assert f"then take `swapped` out {where}" in told
    assert "`swapped: false`" not in told
    assert "`swapped: false`, and they are read as they stand" in advice(where, [found(american(OCTOBER))])


def test_a_register_of_a_year_is_told_by_any_date_and_text() -> None:
    year = [date(2025, 1, 1) + timedelta(days=day) for day in range(365)]
    assert found(year) == ""
    assert found([f"{day:%d/%m/%Y}" for day in year]) == ""
    assert "dates of the 1st to the 12th beside" in found(american(year))
    # Two texts of late days among dates of a year: no date can be told from one that was turned round.
    assert "132 dates of the 1st to the 12th" in found([*year, "15/10/2025", "16/10/2025"])
    assert found([*year, "15/10/2025", "16/10/2025", "05/10/2025"]) == ""
