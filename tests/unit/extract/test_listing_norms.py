"""How many dossiers a listing is expected to show on a day, from the years before."""

from __future__ import annotations

from datetime import date, timedelta
from statistics import median

import pytest

from motcua.catalog.guards import Guards, Norm, Shrink
from motcua.days.workdays import is_workday, lunar_new_year, working_calendar
from motcua.extract.listing_guards import (
    Shortfall,
    history_start,
    judged_days,
    shortfall_text,
    shortfalls,
    shrunk_text,
)
from motcua.settings import PROJECT_ROOT

CALENDAR = working_calendar(PROJECT_ROOT / "include" / "catalog")


NORM = Norm()


def days(first: date, last: date, count: int) -> dict[date, int]:
    """Receive `count` dossiers on each working day, a tenth of it in the days around Tết."""
    found, day = {}, first
    while day <= last:
        if is_workday(day, CALENDAR):
            near_tet = abs((day - lunar_new_year(day.year)).days) <= 7
            found[day] = count // 10 if near_tet else count
        day += timedelta(days=1)
    return found


YEARS = days(date(2021, 1, 4), date(2023, 10, 22), 100)


@pytest.mark.parametrize(("received", "is_short"), [(100, False), (76, False), (74, True), (0, True)])
def test_a_unit_is_judged_by_its_own_weekdays(received: int, is_short: bool) -> None:
    new = days(date(2023, 10, 23), date(2023, 10, 27), received)
    short = shortfalls({"u": new}, {"u": YEARS}, date(2023, 10, 23), date(2023, 10, 27), NORM, CALENDAR)
    assert bool(short) is is_short


def test_one_unit_in_outage_is_named_among_others_that_answer() -> None:
    new = days(date(2023, 10, 23), date(2023, 10, 27), 100)
    [short] = shortfalls({"a": new}, {"a": YEARS, "b": YEARS}, date(2023, 10, 23), date(2023, 10, 27), NORM, CALENDAR)
    assert (short.unit_code, short.received, short.expected) == ("b", 0, 500)


def test_tet_is_not_an_outage() -> None:
    history = {day: count for day, count in YEARS.items() if day < date(2023, 1, 16)}
    new = {day: count for day, count in YEARS.items() if date(2023, 1, 16) <= day <= date(2023, 1, 29)}
    assert sum(new.values()) < 100
    assert shortfalls({"u": new}, {"u": history}, date(2023, 1, 16), date(2023, 1, 29), NORM, CALENDAR) == []


def test_a_tet_far_below_earlier_ones_is_an_outage_where_the_unit_is_large_enough() -> None:
    history = {day: count * 10 for day, count in YEARS.items() if day < date(2023, 1, 16)}
    short = shortfalls({}, {"u": history}, date(2023, 1, 16), date(2023, 1, 29), NORM, CALENDAR)
    assert [each.unit_code for each in short] == ["u"]


def test_a_first_tet_is_not_judged() -> None:
    history = days(date(2022, 9, 5), date(2023, 1, 13), 1000)
    assert shortfalls({}, {"u": history}, date(2023, 1, 16), date(2023, 1, 29), NORM, CALENDAR) == []


def test_rest_days_are_not_judged() -> None:
    holiday = date(2023, 9, 1), date(2023, 9, 4)
    assert shortfalls({}, {"u": YEARS}, *holiday, NORM, CALENDAR) == []


def test_a_source_without_weeks_of_history_is_not_judged() -> None:
    history = days(date(2023, 10, 9), date(2023, 10, 20), 100)
    assert shortfalls({}, {"u": history}, date(2023, 10, 23), date(2023, 10, 27), NORM, CALENDAR) == []


def test_a_small_unit_may_have_a_quiet_week() -> None:
    history = days(date(2023, 5, 8), date(2023, 10, 20), 5)
    assert shortfalls({}, {"u": history}, date(2023, 10, 23), date(2023, 10, 27), NORM, CALENDAR) == []


def test_an_unsteady_unit_is_judged_by_its_own_variance() -> None:
    history = {day: count * (3 if day.isocalendar().week % 2 else 1) for day, count in YEARS.items()}
    new = days(date(2023, 10, 23), date(2023, 10, 27), 90)
    assert shortfalls({"u": new}, {"u": history}, date(2023, 10, 23), date(2023, 10, 27), NORM, CALENDAR) == []


def test_a_very_even_unit_is_allowed_the_variance_of_chance() -> None:
    history = days(date(2023, 5, 8), date(2023, 10, 20), 20)
    for received, is_short in ((14, False), (11, True)):
        new = days(date(2023, 10, 23), date(2023, 10, 27), received)
        short = shortfalls({"u": new}, {"u": history}, date(2023, 10, 23), date(2023, 10, 27), NORM, CALENDAR)
        assert bool(short) is is_short, received


def test_days_around_tet_are_not_a_norm_for_ordinary_days_after_it() -> None:
    first, last = date(2023, 2, 6), date(2023, 2, 10)
    history = {day: count for day, count in YEARS.items() if day < first}
    [short] = shortfalls({"u": days(first, last, 50)}, {"u": history}, first, last, NORM, CALENDAR)
    assert (short.received, short.expected) == (250, 500)


@pytest.mark.parametrize(
    ("day", "is_near_tet"),
    [
        (date(2025, 1, 21), False),
        (date(2025, 1, 22), True),  # seven days before
        (date(2024, 2, 20), True),  # ten days after
        (date(2024, 2, 21), False),
    ],
)
def test_the_days_around_tet_begin_and_end_as_the_norm_says(day: date, is_near_tet: bool) -> None:
    norm = Norm(tet_days_before=7, tet_days_after=10, minimum_expected=1, minimum_deviations=0)
    history = {
        each: 10 if -7 <= (each - lunar_new_year(each.year)).days <= 10 else 100
        for each in days(date(2021, 1, 4), day - timedelta(days=1), 1)
    }
    few = shortfalls({"u": {day: 10}}, {"u": history}, day, day, norm, CALENDAR)
    assert bool(few) is not is_near_tet  # enough for a day around Tết, far too little for another
    assert shortfalls({}, {"u": history}, day, day, norm, CALENDAR)


def test_tet_is_judged_by_as_many_earlier_ones_as_there_are_up_to_three() -> None:
    first, last = date(2023, 1, 16), date(2023, 1, 18)
    norm = Norm(minimum_expected=1, minimum_deviations=0)
    counts = {2020: 400, 2021: 300, 2022: 200, 2019: 10_000}
    of_year = {
        year: {lunar_new_year(year) + (first - lunar_new_year(2023)) + timedelta(days=n): count for n in range(-9, 9)}
        for year, count in counts.items()
    }
    all_years = {day: count for year in of_year.values() for day, count in year.items()}
    [short] = shortfalls({}, {"u": all_years}, first, last, norm, CALENDAR)
    worked = [
        [
            counts[year]
            for year in (2020, 2021, 2022)
            if is_workday(lunar_new_year(year) + (first + timedelta(days=n) - lunar_new_year(2023)), CALENDAR)
        ]
        for n in range(3)
    ]
    assert short.expected == sum(median(values) for values in worked)
    assert short.expected > 0


def test_a_day_is_judged_by_its_own_weekday_over_the_weeks_of_the_norm() -> None:
    monday = date(2023, 10, 23)
    mondays = {monday - timedelta(weeks=week): 100 for week in range(1, 9)}
    others = {day + timedelta(days=1): 5_000 for day in mondays}
    older = {monday - timedelta(weeks=week): 9_000 for week in range(9, 30)}
    history = {**mondays, **others, **older}
    norm = Norm(minimum_expected=1, minimum_deviations=0)
    [short] = shortfalls({}, {"u": history}, monday, monday, norm, CALENDAR)
    assert short.expected == 100
    [short] = shortfalls({}, {"u": {**history, monday - timedelta(weeks=9): 9_000}}, monday, monday,
                         Norm(minimum_expected=1, minimum_deviations=0, history_weeks=52), CALENDAR)  # fmt: skip
    assert short.expected == 9_000


def test_a_week_of_outage_is_not_its_own_norm() -> None:
    first, last = date(2023, 10, 9), date(2023, 10, 22)
    history = days(date(2023, 8, 7), date(2023, 10, 8), 100)
    [short] = shortfalls({}, {"u": history}, first, last, NORM, CALENDAR)
    assert short.expected == 1_000  # ten working days, each by weeks before the first


def test_a_longer_window_looks_further_back_so_that_its_last_days_have_as_many_weeks() -> None:
    first, last = date(2023, 6, 19), date(2023, 7, 14)
    history = days(date(2023, 5, 8), date(2023, 6, 18), 100)
    norm = Norm(history_weeks=4, minimum_days=4)
    [short] = shortfalls({}, {"u": history}, first, last, norm, CALENDAR)
    assert short.expected == 2_000


def test_a_weekday_is_judged_only_with_enough_days() -> None:
    monday = date(2023, 10, 23)
    for weeks, is_judged in ((3, False), (4, True)):
        history = {monday - timedelta(weeks=week): 100 for week in range(1, weeks + 1)}
        assert bool(shortfalls({}, {"u": history}, monday, monday, NORM, CALENDAR)) is is_judged


def test_days_before_the_first_load_of_a_source_are_not_days_without_dossiers() -> None:
    monday = date(2023, 10, 23)
    young = {monday - timedelta(weeks=week): 100 for week in range(1, 5)}
    [short] = shortfalls({}, {"u": young}, monday, monday, NORM, CALENDAR)
    assert short.expected == 100
    # Another unit of the source is known for longer: then this one received nothing in the weeks before.
    old = {monday - timedelta(weeks=week): 1 for week in range(1, 9)}
    assert shortfalls({}, {"u": young, "v": old}, monday, monday, NORM, CALENDAR) == []


@pytest.mark.parametrize(
    ("norm", "received", "is_short"),
    [
        (Norm(minimum_deviations=0, minimum_expected=100), 74, True),
        (Norm(minimum_deviations=0, minimum_expected=100), 75, False),  # 25 % below is allowed
        (Norm(minimum_deviations=0, minimum_expected=101), 0, False),  # too small to tell
        (Norm(minimum_deviations=5, minimum_expected=1), 50, False),  # five times the root of 100
        (Norm(minimum_deviations=5, minimum_expected=1), 49, True),
    ],
)
def test_a_shortfall_is_judged_by_share_size_and_chance(norm: Norm, received: int, is_short: bool) -> None:
    monday = date(2023, 10, 23)
    history = {monday - timedelta(weeks=week): 100 for week in range(1, 9)}
    short = shortfalls({"u": {monday: received}}, {"u": history}, monday, monday, norm, CALENDAR)
    assert bool(short) is is_short


def test_a_source_that_was_never_loaded_has_no_norm() -> None:
    monday = date(2023, 10, 23)
    assert shortfalls({}, {}, monday, monday, NORM, CALENDAR) == []
    assert shortfalls({}, {"u": {monday: 100}}, monday, monday, NORM, CALENDAR) == []


def test_a_unit_without_dossiers_on_half_of_the_days_is_expected_to_have_half() -> None:
    monday = date(2023, 7, 10)
    norm = Norm(minimum_expected=1, minimum_deviations=0)
    others = {monday - timedelta(weeks=week): 0 for week in range(1, 9)}
    half = {monday - timedelta(weeks=week): 100 for week in range(1, 5)}
    [short] = shortfalls({}, {"u": half, "v": others}, monday, monday, norm, CALENDAR)
    assert short.expected == 50
    few = {monday - timedelta(weeks=week): 100 for week in range(1, 3)}
    assert shortfalls({}, {"u": few, "v": others}, monday, monday, norm, CALENDAR) == []


def test_the_allowed_share_is_of_a_hundred() -> None:
    monday = date(2023, 10, 23)
    history = {monday - timedelta(weeks=week): 10_000 for week in range(1, 9)}
    norm = Norm(minimum_deviations=0)
    for received, is_short in ((7_500, False), (7_499, True)):
        short = shortfalls({"u": {monday: received}}, {"u": history}, monday, monday, norm, CALENDAR)
        assert bool(short) is is_short


def test_each_day_is_judged_by_as_many_weeks_and_only_by_those_before_the_first_day() -> None:
    first, last = date(2023, 7, 12), date(2023, 7, 24)  # a Wednesday to the second Monday after it
    norm = Norm(minimum_expected=1, minimum_deviations=0, history_weeks=4, minimum_days=4)
    earlier = {
        last - timedelta(weeks=week): count for week, count in zip(range(2, 6), (100, 100, 200, 200), strict=True)
    }
    within, too_old = {last - timedelta(weeks=1): 9_000}, {last - timedelta(weeks=week): 9_000 for week in range(6, 12)}
    [short] = shortfalls({}, {"u": earlier | within | too_old}, first, last, norm, CALENDAR)
    assert short.expected == 150 + 150  # of the two Mondays, both by the same four before the first day


def test_the_first_day_is_no_norm_for_the_same_weekday_later_in_the_window() -> None:
    first, last = date(2023, 10, 9), date(2023, 10, 16)
    norm = Norm(minimum_expected=1, minimum_deviations=0, history_weeks=4, minimum_days=4)
    counts = dict(zip(range(1, 5), (100, 100, 200, 200), strict=True))
    history = {first: 9_000} | {first - timedelta(weeks=week): count for week, count in counts.items()}
    [short] = shortfalls({}, {"u": history}, first, last, norm, CALENDAR)
    assert short.expected == 300


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2023, 1, 10), date(2023, 1, 15), date(2020, 1, 18)),  # its last day is the first near Tết
        (date(2023, 1, 10), date(2023, 1, 14), date(2022, 11, 15)),
        (date(2023, 2, 1), date(2023, 2, 28), date(2020, 1, 18)),  # its first day is the last near Tết
    ],
)
def test_the_norm_of_days_near_tet_rests_on_the_years_before(first: date, last: date, expected: date) -> None:
    assert history_start(first, last, NORM) == expected


@pytest.mark.parametrize(
    ("covered_until", "expected"),
    [
        (date(2023, 9, 20), date(2023, 10, 1)),
        (date(2023, 9, 30), date(2023, 10, 1)),
        (date(2023, 10, 4), date(2023, 10, 5)),
    ],
)
def test_days_that_are_not_requested_or_were_answered_for_are_not_judged(covered_until: date, expected: date) -> None:
    assert judged_days(date(2023, 10, 1), date(2023, 10, 9), covered_until) == (expected, date(2023, 10, 9))


def test_the_unit_that_lacks_the_most_is_named_with_what_was_expected() -> None:
    days_of = (date(2023, 10, 2), date(2023, 10, 6))
    short = [Shortfall("many", *days_of, 900, 1_000.0), Shortfall("", *days_of, 50, 250.0)]
    assert shortfall_text(short, NORM) == (
        "unit without a code received 50 dossiers from 2023-10-02 to 2023-10-06 where 250 were expected from its"
        " previous 8 weeks, 80.0 % fewer where 25 % are allowed (2 such units)."
    )


def test_what_a_listing_may_lack_is_a_share_of_a_hundred() -> None:
    guards = Guards(shrink=Shrink(max_missing_pct=15, minimum_dossiers=20))
    assert shrunk_text(guards, 1_000, 850) is None
    assert shrunk_text(guards, 1_000, 849) == (
        "the listing shows 849 of the 1000 dossiers of these days in the store, 15.1 % fewer where 15 % are allowed."
    )
