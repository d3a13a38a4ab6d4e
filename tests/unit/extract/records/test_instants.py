"""Every spelling of an instant that a one-stop system is known to use (one_stop_systems.md section d.1)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from motcua.extract.records.instants import is_format, quick, reader

AT = datetime(2021, 3, 5, 15, 30)

SPELLINGS = [
    ("dd/MM/yyyy HH:mm:ss", "05/03/2021 15:30:00", AT),
    ("dd/MM/yyyy HH:mm", "05/03/2021 15:30", AT),
    ("dd/MM/yyyy", "05/03/2021", datetime(2021, 3, 5)),
    ("d/M/yyyy", "5/3/2021", datetime(2021, 3, 5)),
    ("d/M/yyyy H:mm", "5/3/2021 9:30", datetime(2021, 3, 5, 9, 30)),
    ("dd-MM-yyyy", "05-03-2021", datetime(2021, 3, 5)),
    ("yyyyMMddHHmmss", "20210305153000", AT),
    ("yyyyMMddHHmmss", 20210305153000, AT),
    ("yyyyMMdd", 20210305, datetime(2021, 3, 5)),
    ("yyyy-MM-dd HH:mm:ss", "2021-03-05 15:30:00", AT),
    ("epoch_ms", 1614933000000, AT),
    ("epoch_ms", "1614933000000", AT),
    ("epoch_s", 1614933000, AT),
    ("iso", "2021-03-05T15:30:00.000+0700", AT),
    ("iso", "2021-03-05T15:30:00+07:00", AT),
    ("iso", "2021-03-05T08:30:00.000Z", AT),
    ("iso", "2021-03-04T17:00:00.000+0000", datetime(2021, 3, 5)),
    ("iso", "2021-03-05T15:30:00", AT),
    ("iso", "2021-03-05T15:30:00.123", AT + timedelta(milliseconds=123)),
    ("iso", "2021-03-05T15:30:00.1234567", AT + timedelta(microseconds=123456)),
    ("iso", "2021-03-05", datetime(2021, 3, 5)),
    ("iso_fake_z", "2021-03-05T15:30:00.000Z", AT),
    ("excel", 44260.645833333336, AT),
    ("excel", "44260", datetime(2021, 3, 5)),
    ("iso", AT, AT),
    ("dd/MM/yyyy", date(2021, 3, 5), datetime(2021, 3, 5)),
    ("iso", AT.replace(tzinfo=timezone(timedelta(hours=7))), AT),
    ("iso", datetime(2021, 3, 5, 8, 30, tzinfo=UTC), AT),
]


@pytest.mark.parametrize(("spelling", "value", "at"), SPELLINGS)
def test_a_spelling_is_read_as_local_time(spelling: str, value: Any, at: datetime) -> None:
    assert reader([spelling])(value) == at


@pytest.mark.parametrize(("spelling", "value", "at"), SPELLINGS)
def test_a_whole_column_is_read_like_a_single_value(spelling: str, value: Any, at: datetime) -> None:
    column = quick(spelling, [value, None, value])
    if column is not None:  # else it is read value by value
        assert column.to_pylist() == [at, None, at]


@pytest.mark.parametrize(
    ("spelling", "values"),
    [
        ("dd/MM/yyyy HH:mm:ss", ["05/03/2021 15:30:00"] * 3),
        ("yyyyMMddHHmmss", ["20210305153000"] * 3),
        ("epoch_ms", [1614933000000] * 3),
        ("iso", ["2021-03-05T15:30:00.000+0700"] * 3),
        ("iso", ["2021-03-05T15:30:00"] * 3),
        ("iso", ["2021-03-05T08:30:00Z"] * 3),
        ("iso_fake_z", ["2021-03-05T15:30:00.000Z"] * 3),
    ],
)
def test_the_common_spellings_are_read_a_column_at_a_time(spelling: str, values: list[Any]) -> None:
    column = quick(spelling, values)
    assert column is not None
    assert column.to_pylist() == [AT] * 3


@pytest.mark.parametrize(
    ("spelling", "value"),
    [
        ("dd/MM/yyyy", "31/02/2021"),
        ("d/M/yyyy", "32/1/2021"),
        ("dd/MM/yyyy", "5/3/2021"),
        ("dd/MM/yyyy HH:mm:ss", "05/03/2021 24:00:00"),
        ("yyyyMMddHHmmss", "20211305153000"),
        ("iso", "2021-02-30T00:00:00"),
        ("iso", "0000-00-00T00:00:00.000+0700"),
        ("iso", "2021-03-05T15:30:00.000+07:0"),
        ("iso", "05/03/2021"),
        ("epoch_ms", "soon"),
        ("epoch_ms", True),
        ("epoch_ms", 10**18),
        ("excel", -3),
        ("excel", float("nan")),
        ("excel", 10**9),
        ("excel", "05/03/2021"),
    ],
)
def test_a_text_that_is_not_an_instant_of_the_format_is_none_and_never_another_instant(
    spelling: str, value: Any
) -> None:
    assert reader([spelling])(value) is None
    column = quick(spelling, [value])
    assert column is None or column.to_pylist() == [None]


def test_a_column_that_mixes_zones_is_read_value_by_value() -> None:
    mixed = ["2021-03-05T15:30:00.000+0700", "2021-03-05T08:30:00.000+0000"]
    assert quick("iso", mixed) is None
    assert [reader(["iso"])(value) for value in mixed] == [AT, AT]


def test_the_first_format_that_matches_is_taken() -> None:
    assert reader(["dd/MM/yyyy", "MM/dd/yyyy"])("05/03/2021") == datetime(2021, 3, 5)
    assert reader(["dd/MM/yyyy", "MM/dd/yyyy"])("05/30/2021") == datetime(2021, 5, 30)


@pytest.mark.parametrize(
    "name", ["dd/MM/yyyy", "yyyyMMdd", "d/M/yyyy H:mm", "iso", "epoch_ms", "excel", "dd/MM/yy", "d/M/yy HH:mm"]
)
def test_a_format_is_known(name: str) -> None:
    assert is_format(name)


@pytest.mark.parametrize("name", ["HH:mm", "iso8601", "", "%d/%m/%Y"])
def test_letters_that_give_no_day_are_not_a_format(name: str) -> None:
    assert not is_format(name)
