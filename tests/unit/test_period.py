"""Periods of NĐ 09/2019/NĐ-CP Điều 12 and of the calendar."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua.errors import ConfigurationError
from motcua.period import (
    Period,
    calendar_period,
    parse_period,
    period_between,
    periods_ending_on,
    previous_period,
    reporting_period,
)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("RPT_MONTH:2024-03", date(2024, 2, 15), date(2024, 3, 14)),
        ("RPT_MONTH:2024-01", date(2023, 12, 15), date(2024, 1, 14)),
        ("RPT_QUARTER:2025-Q1", date(2024, 12, 15), date(2025, 3, 14)),
        ("RPT_QUARTER:2025-Q2", date(2025, 3, 15), date(2025, 6, 14)),
        ("RPT_QUARTER:2025-Q3", date(2025, 6, 15), date(2025, 9, 14)),
        ("RPT_H1:2025", date(2024, 12, 15), date(2025, 6, 14)),
        ("RPT_H2:2025", date(2025, 6, 15), date(2025, 12, 14)),
        ("RPT_9M:2025", date(2024, 12, 15), date(2025, 9, 14)),
        ("RPT_YEAR:2025", date(2024, 12, 15), date(2025, 12, 14)),
        ("CAL_MONTH:2023-10", date(2023, 10, 1), date(2023, 10, 31)),
        ("CAL_QUARTER:2024-Q1", date(2024, 1, 1), date(2024, 3, 31)),
        ("CAL_H1:2020", date(2020, 1, 1), date(2020, 6, 30)),
        ("CAL_YEAR:2020", date(2020, 1, 1), date(2020, 12, 31)),
        ("2023-03-01..2023-05-09", date(2023, 3, 1), date(2023, 5, 9)),
    ],
)
def test_a_period_has_the_days_the_decree_gives_it(text: str, first: date, last: date) -> None:
    period = parse_period(text)
    assert (period.from_date, period.to_date) == (first, last)


@pytest.mark.parametrize("month", range(1, 13))
def test_a_period_is_read_back_from_its_own_type_and_label(month: int) -> None:
    for period in periods_ending_on(date(2025, month, 14)):
        assert parse_period(f"{period.period_type}:{period.label}") == period


def test_the_69_day_campaign_of_ca_mau_has_70_days() -> None:
    assert parse_period("2023-03-01..2023-05-09").days == 70


def test_days_that_make_a_named_period_get_its_name_and_others_do_not() -> None:
    assert period_between(date(2023, 10, 1), date(2023, 10, 31)) == calendar_period("MONTH", 2023, 10)
    assert period_between(date(2023, 9, 15), date(2023, 10, 14)) == reporting_period("MONTH", 2023, 10)
    assert period_between(date(2023, 10, 1), date(2023, 10, 30)).period_type == "CUSTOM"


@pytest.mark.parametrize(
    ("day", "types"),
    [
        (date(2025, 4, 14), ["RPT_MONTH"]),
        (date(2025, 3, 14), ["RPT_MONTH", "RPT_QUARTER"]),
        (date(2025, 6, 14), ["RPT_MONTH", "RPT_QUARTER", "RPT_H1"]),
        (date(2025, 9, 14), ["RPT_MONTH", "RPT_QUARTER", "RPT_9M"]),
        (date(2025, 12, 14), ["RPT_MONTH", "RPT_QUARTER", "RPT_H2", "RPT_YEAR"]),
        (date(2025, 6, 15), []),
    ],
)
def test_what_is_due_follows_from_the_day_it_ends(day: date, types: list[str]) -> None:
    assert [period.period_type for period in periods_ending_on(day)] == types


@pytest.mark.parametrize(
    "text",
    [
        "RPT_MONTH:2024-13",
        "RPT_MONTH:2024-00",
        "RPT_QUARTER:2024-Q5",
        "RPT_MONTH:2024",
        "RPT_YEAR:2024-1",
        "CAL_9M:2024",  # nine months are a reporting period alone
        "CAL_9M:2024-9M",
        "RPT_DAY:2024-01",
        "rpt_month:2024-01",
        "RPT_H1:2024-H2",
        "RPT_MONTH:24-01",
        " RPT_MONTH:2024-01",
        "2024-01-01..2024-01",
        "x",
    ],
)
def test_what_is_not_a_period_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"is not a period.*RPT_MONTH:2023-10"):
        parse_period(text)


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="swap"):
        parse_period("2023-10-31..2023-10-01")


def months(system: object, year: int) -> list[Period]:
    return [system("MONTH", year, month) for month in range(1, 13)]  # type: ignore[operator]


@given(st.integers(2000, 2100))
def test_both_systems_cut_the_days_into_months_without_gap_or_overlap(year: int) -> None:
    for system in (reporting_period, calendar_period):
        run = [*months(system, year), *months(system, year + 1)]
        for before, after in pairwise(run):
            assert after.from_date == before.to_date + timedelta(days=1)
        for kind, count in (("QUARTER", 4), ("H1", 0), ("YEAR", 0)):
            assert system(kind, year, 1 if count else 0).from_date == run[0].from_date
        assert system("YEAR", year).to_date == system("H2", year).to_date == run[11].to_date


TEN_THOUSAND_DAYS = [date(2010, 1, 1) + timedelta(days=number) for number in range(10_000)]
KINDS = (("MONTH", 12), ("QUARTER", 4), ("YEAR", 1))


def parts(system: object, kind: str, count: int, years: range) -> list[Period]:
    """Every period of a kind in some years, in order; halves of a year are the two kinds H1 and H2."""
    if kind == "HALF":
        return [system(half, year) for year in years for half in ("H1", "H2")]  # type: ignore[operator]
    numbers = range(1, count + 1) if count > 1 else [0]
    return [system(kind, year, number) for year in years for number in numbers]  # type: ignore[operator]


@pytest.mark.parametrize("system", [reporting_period, calendar_period])
@pytest.mark.parametrize(("kind", "count"), [*KINDS, ("HALF", 2)])
def test_each_of_ten_thousand_days_lies_in_exactly_one_period_of_a_kind(system: object, kind: str, count: int) -> None:
    found = parts(system, kind, count, range(2009, 2039))
    held = Counter(period.from_date + timedelta(days=number) for period in found for number in range(period.days))
    assert [held[day] for day in TEN_THOUSAND_DAYS] == [1] * 10_000


@settings(max_examples=300, deadline=None)
@given(st.dates(date(2010, 1, 1), date(2036, 12, 31)), st.integers(0, 800))
def test_the_periods_of_any_window_share_out_its_days_in_both_systems(first: date, days: int) -> None:
    last = first + timedelta(days=days)
    window = period_between(first, last)
    assert window.days == days + 1
    for system in (reporting_period, calendar_period):
        for kind, count in (*KINDS, ("HALF", 2)):
            shared = 0
            for period in parts(system, kind, count, range(first.year, last.year + 2)):
                overlap = (min(last, period.to_date) - max(first, period.from_date)).days + 1
                shared += max(overlap, 0)
            assert shared == window.days, (system.__name__, kind)


@settings(max_examples=300, deadline=None)
@given(st.dates(date(2010, 1, 1), date(2036, 12, 31)), st.integers(0, 800), st.integers(0, 800))
def test_a_window_cut_in_two_is_two_windows_with_its_days(first: date, before: int, after: int) -> None:
    cut = first + timedelta(days=before)
    last = cut + timedelta(days=after + 1)
    halves = period_between(first, cut), period_between(cut + timedelta(days=1), last)
    assert sum(half.days for half in halves) == period_between(first, last).days


@given(st.dates(date(2010, 1, 1), date(2036, 12, 31)), st.integers(0, 800))
def test_a_window_never_takes_the_name_of_a_period_of_other_days(first: date, days: int) -> None:
    window = period_between(first, first + timedelta(days=days))
    if window.period_type not in ("CUSTOM", "DAY"):
        assert parse_period(f"{window.period_type}:{window.label}") == window
    assert parse_period(f"{window.from_date}..{window.to_date}") == window


@pytest.mark.parametrize(
    ("period", "before"),
    [
        ("CAL_MONTH:2024-01", "CAL_MONTH:2023-12"), ("CAL_QUARTER:2024-Q1", "CAL_QUARTER:2023-Q4"),
        ("CAL_YEAR:2024", "CAL_YEAR:2023"), ("CAL_H1:2024", "CAL_H2:2023"), ("CAL_H2:2024", "CAL_H1:2024"),
        ("RPT_MONTH:2024-03", "RPT_MONTH:2024-02"), ("RPT_QUARTER:2025-Q1", "RPT_QUARTER:2024-Q4"),
        ("RPT_H1:2025", "RPT_H2:2024"), ("RPT_YEAR:2025", "RPT_YEAR:2024"), ("RPT_9M:2025", "RPT_9M:2024"),
        ("2024-03-01..2024-03-01", "2024-02-29..2024-02-29"),
    ],
)  # fmt: skip
def test_the_period_before_is_of_the_same_kind(period: str, before: str) -> None:
    assert previous_period(parse_period(period)) == parse_period(before)


def test_any_other_days_have_no_period_before() -> None:
    assert previous_period(parse_period("2023-03-01..2023-05-09")) is None


def test_the_label_of_a_period_is_the_one_that_editions_are_named_by() -> None:
    periods = [
        *(reporting_period(kind, 2025, number) for kind, number in (("MONTH", 3), ("QUARTER", 4))),
        *(reporting_period(kind, 2025) for kind in ("H1", "H2", "9M", "YEAR")),
        *(calendar_period(kind, 2025) for kind in ("H1", "YEAR")),
        period_between(date(2025, 3, 1), date(2025, 5, 9)),
        period_between(date(2025, 3, 1), date(2025, 3, 1)),
    ]
    assert [f"{period.period_type}:{period.label}" for period in periods] == [
        "RPT_MONTH:2025-03", "RPT_QUARTER:2025-Q4", "RPT_H1:2025-H1", "RPT_H2:2025-H2", "RPT_9M:2025-9M",
        "RPT_YEAR:2025", "CAL_H1:2025-H1", "CAL_YEAR:2025", "CUSTOM:2025-03-01..2025-05-09", "DAY:2025-03-01",
    ]  # fmt: skip
    assert periods[0].as_json() == {
        "type": "RPT_MONTH", "label": "2025-03", "from": "2025-02-15", "to": "2025-03-14",
    }  # fmt: skip
