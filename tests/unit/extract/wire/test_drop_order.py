"""Which of two dropped files is the later one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from motcua.extract.wire.drop_order import in_order, month_of


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
        ["so 2.csv", "T12-2024.csv", "T1-2025.csv"][::-1],  # one without a month: the names decide
        ["a.csv", "B.csv", "c.csv"],
    ],
)
def test_files_are_read_from_the_earliest_to_the_latest(names: list[str]) -> None:
    expected = (
        sorted(names, key=names.index) if names[-1] != "so 2.csv" else ["so 2.csv", "T1-2025.csv", "T12-2024.csv"]
    )
    for order in (names, names[::-1]):
        assert in_order(dict.fromkeys(order)) == expected


def test_the_time_decides_only_between_files_of_one_name() -> None:
    early, late = datetime(2025, 10, 1, tzinfo=UTC), datetime(2025, 10, 2, tzinfo=UTC)
    assert in_order({"a/so.csv": late, "b/so.csv": early}) == ["b/so.csv", "a/so.csv"]
    assert in_order({"a/2.csv": early, "a/1.csv": late}) == ["a/1.csv", "a/2.csv"]
    assert in_order({"b/so.csv": None, "a/so.csv": None}) == ["a/so.csv", "b/so.csv"]
