"""What the names of dropped files and of sheets state, in which order files are read, and which are one series."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from motcua.extract.wire.drop_order import Drop, days_of_sheet, in_order, month_of, order_by_days


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("T9-2025.csv", (2025, 9)),
        ("T10-2025.csv", (2025, 10)),
        ("so-thang-9.2025.xlsx", (2025, 9)),
        ("Sổ tháng 09 năm 2025.xlsx", (2025, 9)),
        ("2025-09.csv", (2025, 9)),
        ("2025-09-30.csv", (2025, 9)),
        ("so_202509.csv", (2025, 9)),
        ("so 09-2025.csv", (2025, 9)),
        ("30-09-2025.csv", (2025, 9)),
        ("so.csv", None),
        ("2025.csv", None),
        ("T13-2025.csv", None),
        ("T9-2025 den T10-2025.csv", None),
        ("so-120250912.csv", None),
    ],
)
def test_a_name_tells_its_month_or_none(name: str, month: tuple[int, int] | None) -> None:
    assert month_of(name) == month


@pytest.mark.parametrize(
    "names",
    [
        ["T9-2025.csv", "T10-2025.csv"],
        ["T12-2024.csv", "T1-2025.csv"],
        ["so 2.csv", "so 10.csv"],
        ["2025-09-02.csv", "2025-09-10.csv", "2025-10-01.csv"],
        ["bo sung.csv", "T12-2024.csv", "T1-2025.csv"],  # one without a month leaves the others in their order
        ["a.csv", "B.csv", "c.csv"],
        ["so.csv", "so (1).csv", "so (2).csv", "so (10).csv"],
        ["31.10.23.csv", "05.11.23.csv"],
    ],
)
def test_files_are_read_from_the_earliest_to_the_latest(names: list[str]) -> None:
    for order in (names, names[::-1]):
        assert [drop.file for drop in in_order(map(Drop, order))] == names


def test_the_time_decides_only_between_files_of_one_name() -> None:
    early, late = datetime(2025, 10, 1, tzinfo=UTC), datetime(2025, 10, 2, tzinfo=UTC)

    def files(*drops: Drop) -> list[str]:
        return [drop.file for drop in in_order(drops)]

    assert files(Drop("a/so.csv", late), Drop("b/so.csv", early)) == ["b/so.csv", "a/so.csv"]
    assert files(Drop("a/2.csv", early), Drop("a/1.csv", late)) == ["a/1.csv", "a/2.csv"]
    assert files(Drop("b/so.csv"), Drop("a/so.csv")) == ["a/so.csv", "b/so.csv"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("T9-2025.csv", "2025-10.xlsx"),
        ("T12-2022.csv", "T10-2023.csv"),
        ("so 31.10.23.csv", "so 05.11.23.csv"),
        ("so 31-10-2023.csv", "so 05-11-2023.csv"),
        ("so20231031.csv", "so20231105.csv"),
        ("so 31102023.csv", "so 05112023.csv"),
        ("2023-10-09 2.csv", "2023-10-16 1.csv"),
        ("2023-10/so.csv", "2023-11/so.csv"),
        ("so 21.11.23.csv", "so 22.11.23.csv"),  # the year may stand first: the order is the same
        ("so 22.11.23.csv", "so 23.11.23.csv"),
        ("so 23.10.30.csv", "so 23.11.12.csv"),  # the year stands first: the first day has not come otherwise
    ],
)
def test_days_in_two_names_say_which_is_later(one: str, other: str) -> None:
    at = datetime(2025, 12, 1, tzinfo=UTC)
    assert order_by_days(Drop(one, at), Drop(other, at)) == -1
    assert order_by_days(Drop(other, at), Drop(one, at)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("T9-2025.csv", "so.csv"),
        ("T9-2025.csv", "2025-09-15.csv"),  # the day lies in the month
        ("so 01.09.2025-30.09.2025.csv", "so 15.09.2025-15.10.2025.csv"),
        ("so 22.10.23.csv", "so 21.11.23.csv"),  # days and years of two digits may be either
        ("T9-2025.csv", "T9-2025 (1).csv"),
        ("T9.csv", "T10.csv"),
    ],
)
def test_days_in_names_that_touch_or_may_mean_either_say_nothing(one: str, other: str) -> None:
    at = datetime(2025, 12, 1, tzinfo=UTC)
    assert order_by_days(Drop(one, at), Drop(other, at)) == 0


@pytest.mark.parametrize(
    ("names", "is_one"),
    [
        (
            ("so.csv", "so (1).csv", "so 2.xlsx", "so T9-2025.csv", "Sổ tháng 10 năm 2025.csv", "so - Copy (2).csv"),
            True,
        ),
        (("T12-2022.csv", "T10-2023.csv", "2023-10.csv", "31.10.23.csv"), True),
        (("Sổ quý III-2025.csv", "Sổ quý IV năm 2025.csv", "so Q3-2025.csv"), True),
        (("chung-thuc.csv", "ho-tich.csv"), False),
        (("phong-a/so.csv", "phong-b/so.csv"), False),
        (("2023-10/so.csv", "2023-11/so.csv"), True),
        (("T9-2025.csv", "bo sung.csv"), False),
    ],
)
def test_names_that_differ_only_in_numbers_days_or_a_counter_are_a_series(names: tuple[str, ...], is_one: bool) -> None:
    assert (len({Drop(name).series for name in names}) == 1) is is_one


@pytest.mark.parametrize(
    ("sheets", "states"),
    [
        (("Tháng 10", "Tháng 9"), (10, 9)),
        (("T12", "T1"), (None, None)),  # it may run over the end of a year
        (tuple(f"T{month}" for month in range(1, 13)), tuple(range(1, 13))),
        (("T9", "Tháng 9"), (None, None)),
        (("T9", "9"), (9, None)),
        (("T9 lần 2", "T10"), (None, 10)),
        (("T9-2025",), ((date(2025, 9, 1), date(2025, 9, 30)),)),
    ],
)
def test_a_sheet_states_its_days_or_its_month_where_the_year_is_plain(
    sheets: tuple[str, ...], states: tuple[object, ...]
) -> None:
    assert tuple(days_of_sheet(sheet, sheets) for sheet in sheets) == states
