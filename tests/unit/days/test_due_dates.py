"""From intake to the day due: every unit of time, pauses, a new appointment, and what must hold whatever the case."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua.catalog import TimeUnit
from motcua.catalog.procedures import TIME_UNITS
from motcua.days.due_dates import DueRule, due_dates, due_rules
from motcua.days.workdays import add_workdays, is_workday, workdays_from, working_calendar
from motcua.settings import Settings

SHIPPED = Settings.load().shipped_catalog_dir
CALENDAR = working_calendar(SHIPPED)
RULE = due_rules(SHIPPED).rules[0]

moments = st.datetimes(datetime(2018, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(microsecond=0))
office_hours = st.builds(
    lambda day, minute: (
        datetime.combine(add_workdays(day, 0, CALENDAR), datetime.min.time())
        + timedelta(minutes=7 * 60 + 30 + minute + (120 if minute > 240 else 0))
    ),
    st.dates(date(2018, 1, 1), date(2027, 12, 31)),
    st.integers(1, 449),
)
units = st.sampled_from(TIME_UNITS)
limits = st.integers(0, 60)


def due_at(received_at: datetime, limit: int, unit: TimeUnit = "working_days", **more: Any) -> datetime:
    rule = RULE.model_copy(update=more.pop("rule", {}))
    found: datetime = due_dates([received_at], [limit], unit, rule, CALENDAR, **more).due_at[0].astype(object)
    return found


def due(received_at: datetime, limit: int, unit: TimeUnit = "working_days", **more: Any) -> date:
    rule = RULE.model_copy(update=more.pop("rule", {}))
    found: date = due_dates([received_at], [limit], unit, rule, CALENDAR, **more).due_on[0].astype(object)
    return found


def test_the_day_after_intake_is_day_one() -> None:
    assert due(datetime(2023, 10, 2, 8), 1) == date(2023, 10, 3)
    assert due(datetime(2023, 10, 2, 16), 7) == date(2023, 10, 11)


def test_a_weekend_does_not_count() -> None:
    assert due(datetime(2023, 10, 6, 8), 1) == date(2023, 10, 9)


def test_intake_on_a_rest_day_counts_as_intake_on_the_next_working_day() -> None:
    assert due(datetime(2023, 10, 7, 8), 1) == date(2023, 10, 10)


@pytest.mark.parametrize(
    ("received_at", "day"),
    [
        (datetime(2023, 10, 2, 14, 59), date(2023, 10, 2)),
        (datetime(2023, 10, 2, 15), date(2023, 10, 2)),
        (datetime(2023, 10, 2, 15, 0, 1), date(2023, 10, 3)),
        (datetime(2023, 10, 6, 16), date(2023, 10, 9)),
        (datetime(2023, 10, 7, 16), date(2023, 10, 9)),
    ],
)
def test_a_same_day_procedure_is_due_that_day_unless_received_after_15_00(received_at: datetime, day: date) -> None:
    assert due(received_at, 0) == day


def test_a_saturday_that_is_a_working_day_can_be_a_due_date() -> None:
    assert due(datetime(2024, 5, 3, 8), 1) == date(2024, 5, 4)


def test_intake_after_the_last_session_counts_as_intake_on_the_next_working_day() -> None:
    assert [due(datetime(2023, 10, 2, 17, 0, second), 3) for second in (0, 1)] == [date(2023, 10, 5), date(2023, 10, 6)]
    late = {"after_hours": "same_day"}
    assert due(datetime(2023, 10, 2, 17, 0, 1), 3, rule=late) == date(2023, 10, 5)


def test_where_practice_counts_the_day_of_intake_it_is_day_one() -> None:
    counted = {"count_from": "intake_day"}
    assert due(datetime(2023, 10, 2, 8), 3, rule=counted) == date(2023, 10, 4)
    assert due(datetime(2023, 10, 2, 8), 1, rule=counted) == date(2023, 10, 2)


@pytest.mark.parametrize(
    ("received_at", "limit", "day"),
    [
        (datetime(2023, 10, 2, 8), 10, date(2023, 10, 12)),
        (datetime(2023, 10, 2, 8), 5, date(2023, 10, 9)),  # a Saturday: the next working day
        (datetime(2023, 8, 28, 8), 5, date(2023, 9, 5)),  # 2 September, its day off and the bridge
    ],
)
def test_calendar_days_run_through_rest_days_and_end_on_a_working_day(
    received_at: datetime, limit: int, day: date
) -> None:
    assert due(received_at, limit, "calendar_days") == day


@pytest.mark.parametrize(
    ("received_at", "limit", "moment"),
    [
        (datetime(2023, 10, 2, 8), 2, datetime(2023, 10, 2, 10)),
        (datetime(2023, 10, 2, 10, 30), 2, datetime(2023, 10, 2, 14, 30)),  # over the noon break
        (datetime(2023, 10, 2, 16), 2, datetime(2023, 10, 3, 8, 30)),
        (datetime(2023, 10, 6, 16, 30), 1, datetime(2023, 10, 9, 8)),
        (datetime(2023, 10, 2, 19), 4, datetime(2023, 10, 3, 11, 30)),
        (datetime(2023, 10, 7, 9), 1, datetime(2023, 10, 9, 8, 30)),
        (datetime(2023, 10, 2, 6), 1, datetime(2023, 10, 2, 8, 30)),
        (datetime(2023, 10, 2, 15), 2, datetime(2023, 10, 2, 17)),  # the end of the day, not tomorrow's opening
    ],
)
def test_working_hours_are_counted_in_sessions(received_at: datetime, limit: int, moment: datetime) -> None:
    assert due_at(received_at, limit, "working_hours") == moment


def test_days_are_due_at_the_end_of_the_last_session() -> None:
    assert due_at(datetime(2023, 10, 2, 8), 1) == datetime(2023, 10, 3, 17)


@pytest.mark.parametrize(
    ("unit", "limit", "day"),
    [
        ("working_days", 5, date(2023, 10, 13)),
        ("calendar_days", 7, date(2023, 10, 13)),
        ("working_hours", 15, date(2023, 10, 10)),
        ("same_day", 0, date(2023, 10, 6)),
    ],
)
def test_a_supplement_stops_the_clock_in_any_unit(unit: TimeUnit, limit: int, day: date) -> None:
    asked = datetime(2023, 10, 2) if unit == "same_day" else datetime(2023, 10, 3)
    pause = ([asked], [asked + timedelta(days=4)])  # four days, all worked
    assert due(datetime(2023, 10, 2, 8), limit, unit, pauses=[pause]) == day


def test_a_supplement_requested_after_the_due_date_does_not_move_it() -> None:
    pause = ([datetime(2023, 10, 5)], [datetime(2023, 10, 10)])
    assert due(datetime(2023, 10, 2, 8), 2, pauses=[pause]) == date(2023, 10, 4)


def test_there_is_no_due_date_while_a_supplement_is_awaited() -> None:
    for unit in TIME_UNITS:
        found = due_dates(
            [datetime(2023, 10, 2, 8)], [3], unit, RULE, CALENDAR, pauses=[(["2023-10-02T08:30"], ["NaT"])]
        )
        assert np.isnat(found.due_on[0]), unit
        assert np.isnat(found.due_at[0]), unit


def test_a_second_pause_is_added_to_the_first_and_each_step_is_returned() -> None:
    pauses = [(["2023-10-03"], ["2023-10-05"]), (["2023-10-06"], ["2023-10-10"])]
    found = due_dates([datetime(2023, 10, 2, 8)], [3], "working_days", RULE, CALENDAR, pauses=pauses)
    steps = [found.first_on, *found.paused_to]
    assert [step[0].astype(object).day for step in steps] == [5, 9, 11]
    assert found.due_on[0] == found.paused_to[-1][0]


def test_a_new_appointment_replaces_the_computed_due_date() -> None:
    received = [datetime(2023, 10, 2, 8)] * 2
    found = due_dates(received, [3, 3], "working_days", RULE, CALENDAR, reappointed_on=["2023-10-20", "NaT"])
    assert [day.astype(object) for day in found.due_on] == [date(2023, 10, 20), date(2023, 10, 5)]


def test_a_new_appointment_of_an_hours_procedure_takes_its_instant_too() -> None:
    received = [datetime(2023, 10, 2, 8)] * 3
    again = ["2023-10-20", "NaT", "2023-10-02"]
    found = due_dates(received, [2, 2, 2], "working_hours", RULE, CALENDAR, reappointed_on=again)
    assert found.due_at.astype(object).tolist() == [
        datetime(2023, 10, 20, 17),
        datetime(2023, 10, 2, 10),
        datetime(2023, 10, 2, 17),
    ]
    assert found.exact_at is not None
    assert np.isnat(found.exact_at).tolist() == [True, False, True]


def test_where_nobody_gives_a_new_appointment_nothing_is_changed() -> None:
    received = [datetime(2023, 10, 2, 8)]
    for unit in TIME_UNITS:
        plain = due_dates(received, [3], unit, RULE, CALENDAR)
        with_none = due_dates(received, [3], unit, RULE, CALENDAR, reappointed_on=["NaT"])
        assert plain.due_at.tolist() == with_none.due_at.tolist()


@settings(max_examples=500, deadline=None)
@given(moments, limits, units)
def test_a_due_date_is_always_a_working_day_and_never_before_intake(
    received_at: datetime, limit: int, unit: TimeUnit
) -> None:
    day = due(received_at, limit, unit)
    assert is_workday(day, CALENDAR)
    assert day >= received_at.date()


@settings(max_examples=500, deadline=None)
@given(moments, st.timedeltas(timedelta(0), timedelta(days=40)), limits, st.integers(0, 20), units)
def test_a_later_intake_or_a_longer_limit_is_never_due_earlier(
    received_at: datetime, later: timedelta, limit: int, more: int, unit: TimeUnit
) -> None:
    assert due_at(received_at, limit, unit) <= due_at(received_at + later, limit, unit)
    if limit:  # 0 is a time of its own: the same day
        assert due_at(received_at, limit, unit) <= due_at(received_at, limit + more, unit)


@settings(max_examples=500, deadline=None)
@given(
    office_hours,
    st.integers(1, 40),
    st.integers(0, 40),
    st.integers(0, 30),
    st.sampled_from(["working_days", "working_hours", "same_day"]),
)
def test_a_pause_moves_the_due_date_by_the_working_days_it_lasts(
    received_at: datetime, limit: int, after: int, lasting: int, unit: TimeUnit
) -> None:
    first = due(received_at, limit, unit)
    asked = add_workdays(
        received_at.date(), min(after, int(workdays_from(received_at.date(), first, CALENDAR))), CALENDAR
    )
    asked_at = max(datetime.combine(asked, datetime.min.time()), received_at)
    if unit == "working_hours" and asked_at >= due_at(received_at, limit, unit):
        return
    resumed = add_workdays(asked, lasting, CALENDAR)
    resumed_at = datetime.combine(resumed, asked_at.time())
    moved = due(received_at, limit, unit, pauses=[([asked_at], [resumed_at])])
    assert moved == add_workdays(first, lasting, CALENDAR)


@settings(max_examples=500, deadline=None)
@given(office_hours, st.integers(1, 30), st.integers(1, 30))
def test_hours_add_up_to_days(received_at: datetime, hours: int, days: int) -> None:
    of_day = {"sessions": due_rules_of("07:30-11:30", "13:30-17:30")}
    assert RULE.model_copy(update=of_day).hours_a_day == 8
    short = due_at(received_at, hours, "working_hours", rule=of_day)
    long = due_at(received_at, hours + 8 * days, "working_hours", rule=of_day)
    assert long.date() == add_workdays(short.date(), days, CALENDAR)
    assert long.time() == short.time()
    assert due(received_at, 8 * days, "working_hours", rule=of_day) == due(received_at, days, rule=of_day)


def due_rules_of(*sessions: str) -> Any:
    given_ = {"sessions": list(sessions), "same_day_cutoff": "15:00", "tolerance_workdays": 1, "evidence": "e"}
    return DueRule.model_validate({**given_, "valid_from": "2020-01-01"}).sessions


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(moments, limits), min_size=1, max_size=50), units)
def test_many_dossiers_at_once_are_due_as_each_one_alone(cases: list[tuple[datetime, int]], unit: TimeUnit) -> None:
    received, counts = zip(*cases, strict=True)
    together = due_dates(received, counts, unit, RULE, CALENDAR).due_at.astype(object).tolist()
    assert together == [due_at(at, count, unit) for at, count in cases]


def test_sessions_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="sessions must follow one another"):
        due_rules_of("07:30-11:30", "11:00-17:00")


@pytest.mark.parametrize("sessions", [["07:00-12:00"], ["07:00-09:00", "10:00-12:00", "13:00-16:30"]])
def test_the_day_ends_with_the_last_session_however_many_there_are(sessions: list[str]) -> None:
    rule = {"sessions": due_rules_of(*sessions)}
    end = datetime(2023, 10, 3, 12) if len(sessions) == 1 else datetime(2023, 10, 3, 16, 30)
    assert due_at(datetime(2023, 10, 2, 8), 1, rule=rule) == end
    assert RULE.model_copy(update=rule).hours_a_day == (5 if len(sessions) == 1 else 7.5)


def test_hours_are_counted_in_three_sessions_as_in_two() -> None:
    rule = {"sessions": due_rules_of("07:00-09:00", "10:00-12:00", "13:00-16:30")}
    assert due_at(datetime(2023, 10, 2, 8), 1, "working_hours", rule=rule) == datetime(2023, 10, 2, 9)
    assert due_at(datetime(2023, 10, 2, 8), 2, "working_hours", rule=rule) == datetime(2023, 10, 2, 11)
    assert due_at(datetime(2023, 10, 2, 9, 30), 3, "working_hours", rule=rule) == datetime(2023, 10, 2, 14)
    assert due_at(datetime(2023, 10, 2, 14), 10, "working_hours", rule=rule) == datetime(2023, 10, 3, 16, 30)


def test_an_office_open_from_midnight_counts_its_first_hour_whole() -> None:
    rule = {"sessions": due_rules_of("00:00-12:00")}
    assert due_at(datetime(2023, 10, 1, 9), 1, "working_hours", rule=rule) == datetime(2023, 10, 2, 1)


def test_hours_and_same_day_cases_stand_side_by_side() -> None:
    received = [datetime(2023, 10, 2, 8), datetime(2023, 10, 2, 8), datetime(2023, 10, 2, 16)]
    found = due_dates(received, [2, 0, 0], "working_hours", RULE, CALENDAR)
    assert found.due_at.astype(object).tolist() == [
        datetime(2023, 10, 2, 10), datetime(2023, 10, 2, 17), datetime(2023, 10, 3, 17),
    ]  # fmt: skip
    assert found.exact_at is not None
    assert np.isnat(found.exact_at).tolist() == [False, True, True]
    assert due_dates(received, 0, "working_hours", RULE, CALENDAR).exact_at is None


def test_a_same_day_case_received_after_hours_is_one_of_the_next_day_not_of_the_day_after() -> None:
    assert due(datetime(2023, 10, 2, 17, 30), 0) == date(2023, 10, 3)
    late = {"after_hours": "same_day"}
    assert due(datetime(2023, 10, 2, 17, 30), 0, rule=late) == date(2023, 10, 3)
    counted = {"count_from": "intake_day"}
    assert due(datetime(2023, 10, 2, 8), 0, rule=counted) == date(2023, 10, 2)
    assert due(datetime(2023, 10, 2, 16), 0, "same_day", rule=counted) == date(2023, 10, 3)
    assert due(datetime(2023, 10, 2, 8), 5, "same_day") == date(2023, 10, 2)


def test_a_case_received_after_hours_before_a_weekend_starts_on_the_monday() -> None:
    found = due_dates([datetime(2023, 10, 6, 18)], [1], "working_days", RULE, CALENDAR)
    assert (found.start_on[0].astype(object), found.due_on[0].astype(object)) == (date(2023, 10, 9), date(2023, 10, 10))


def test_where_practice_counts_the_day_of_intake_calendar_days_and_hours_of_rest_days_follow() -> None:
    counted = {"count_from": "intake_day"}
    assert due(datetime(2023, 10, 2, 8), 4, "calendar_days", rule=counted) == date(2023, 10, 5)
    assert due(datetime(2023, 10, 7, 8), 1, rule=counted) == date(2023, 10, 9)


@pytest.mark.parametrize(
    ("asked", "resumed", "day"),
    [
        ("2023-10-05", "2023-10-09", date(2023, 10, 9)),  # asked for on the day due: still in time
        ("2023-10-06", "2023-10-09", date(2023, 10, 5)),  # a day later: too late
        ("2023-09-25", "2023-10-04", date(2023, 10, 9)),  # asked for before intake: counts from intake
        ("2023-09-25", "2023-09-28", date(2023, 10, 5)),  # over before intake
        ("2023-10-04", "2023-10-03", date(2023, 10, 5)),  # ended before it began: lasted no time
    ],
)
def test_a_pause_counts_from_intake_to_the_day_due_and_never_backwards(asked: str, resumed: str, day: date) -> None:
    pause = ([asked], [resumed])
    assert due(datetime(2023, 10, 2, 8), 3, pauses=[pause]) == day


def test_calendar_days_of_a_pause_are_added_before_the_due_day_is_moved_off_a_rest_day() -> None:
    received = datetime(2023, 10, 2, 8)  # five days: Saturday 7 October, so Monday the 9th
    assert due(received, 5, "calendar_days", pauses=[(["2023-10-03"], ["2023-10-05"])]) == date(2023, 10, 9)
    assert due(received, 5, "calendar_days", pauses=[(["2023-10-03"], ["2023-10-08"])]) == date(2023, 10, 12)
    twice = [(["2023-10-03"], ["2023-10-05"]), (["2023-10-06"], ["2023-10-07"])]
    assert due(received, 5, "calendar_days", pauses=twice) == date(2023, 10, 10)


def test_pauses_of_one_dossier_are_not_those_of_another() -> None:
    received = [datetime(2023, 10, 2, 8)] * 4
    pauses = [(["2023-10-03", "2023-10-03", "NaT", "NaT"], ["2023-10-05", "NaT", "NaT", "2023-10-05"])]
    for unit, limit in (("working_days", 3), ("calendar_days", 3), ("working_hours", 23)):
        found = due_dates(received, limit, unit, RULE, CALENDAR, pauses=pauses)  # type: ignore[arg-type]
        told = [None if np.isnat(day) else day.astype(object) for day in found.due_on]
        assert told[1] is None
        assert told[0] == told[2] + timedelta(days=4), unit
        assert told[2] == told[3] == date(2023, 10, 5)


def test_a_second_supplement_asked_for_while_the_first_is_awaited_gives_no_day_due() -> None:
    pauses = [(["2023-10-03"], ["NaT"]), (["2023-10-04"], ["2023-10-05"])]
    for unit, limit in (("working_days", 3), ("calendar_days", 3), ("working_hours", 23)):
        found = due_dates([datetime(2023, 10, 2, 8)], limit, unit, RULE, CALENDAR, pauses=pauses)  # type: ignore[arg-type]
        assert np.isnat(found.due_on[0]), unit
        assert np.isnat(found.paused_to[-1][0]), unit


@pytest.mark.parametrize(
    ("asked", "resumed", "moment"),
    [
        ("2023-10-02T09", "2023-10-02T10", datetime(2023, 10, 2, 11)),
        ("2023-10-02T09", "2023-10-02T14", datetime(2023, 10, 2, 15)),  # three hours of work, and noon
        ("2023-10-02T10", "2023-10-02T11", datetime(2023, 10, 2, 10)),  # it was due already
        ("2023-10-02T07", "2023-10-02T09", datetime(2023, 10, 2, 11)),  # asked for before intake
        ("2023-10-02T09", "2023-10-02T08:30", datetime(2023, 10, 2, 10)),  # ended before it began
        ("2023-10-02T09", "2023-10-04T09", datetime(2023, 10, 4, 10)),
    ],
)
def test_a_pause_stops_working_hours_by_those_it_lasts(asked: str, resumed: str, moment: datetime) -> None:
    assert due_at(datetime(2023, 10, 2, 8), 2, "working_hours", pauses=[([asked], [resumed])]) == moment


def test_a_second_pause_of_working_hours_is_added_to_the_first() -> None:
    pauses = [(["2023-10-02T09"], ["2023-10-02T10"]), (["2023-10-02T10:30"], ["2023-10-02T13:30"])]
    found = due_dates([datetime(2023, 10, 2, 8)], [2], "working_hours", RULE, CALENDAR, pauses=pauses)
    assert found.due_at[0].astype(object) == datetime(2023, 10, 2, 14)
    assert [step[0].astype(object) for step in found.paused_to] == [date(2023, 10, 2)] * 2
    later = [(["2023-10-02T09"], ["2023-10-03T09"]), (["2023-10-03T09:30"], ["2023-10-04T09:30"])]
    found = due_dates([datetime(2023, 10, 2, 8)], [2], "working_hours", RULE, CALENDAR, pauses=later)
    assert [step[0].astype(object).day for step in (found.first_on, *found.paused_to)] == [2, 3, 4]
    assert found.due_at[0].astype(object) == datetime(2023, 10, 4, 10)
