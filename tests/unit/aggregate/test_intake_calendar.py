"""The intake of an online dossier is counted on the working calendar, as due dates are, and follows its changes.

The oracle has its own list of the rest days around Tết, as the press announced them, and walks from day to day.
"""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from tests.store_world import COMMUNE, dossier, measures, validated_batch

from motcua.aggregate import build_measures, check_measures
from motcua.consolidate import consolidate_batches
from motcua.days.due_dates import due_dates, due_rules
from motcua.days.workdays import working_calendar
from motcua.settings import Settings
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

ONE = timedelta(days=1)
REST = {  # first and last day off; weekends are off besides
    2023: [((1, 2), (1, 2)), ((1, 20), (1, 26))],
    2024: [((1, 1), (1, 1)), ((2, 8), (2, 14))],
    2025: [((1, 1), (1, 1)), ((1, 25), (2, 2))],
    2026: [((1, 1), (1, 4)), ((2, 14), (2, 22))],
}
WORKED = {date(2026, 1, 10)}  # a Saturday, for 2 January


def is_rest(day: date) -> bool:
    off = any(date(day.year, *first) <= day <= date(day.year, *last) for first, last in REST[day.year])
    return off or (day.weekday() >= 5 and day not in WORKED)


def last_day_of_intake(sent: date) -> date:
    day = sent + ONE
    while is_rest(day):
        day += ONE
    return day


def waiting(sent: date) -> dict[str, object]:
    return dossier(
        sent.isoformat(), channel_code=2, status_code=1, submitted_at=datetime(sent.year, sent.month, sent.day, 9),
        received_at=None, due_at=None, finished_at=None, returned_at=None,
    )  # fmt: skip


def overdue_from() -> dict[str, int]:
    return {day: count for (_, day, measure), count in measures().items() if measure == "intake_became_overdue"}


def test_intake_over_tet_is_late_after_the_first_working_day_that_follows() -> None:
    days = [date(year, 1, 1) + number * ONE for year in REST for number in range(70)]
    consolidate_batches([validated_batch([waiting(day) for day in days])])
    build_measures()
    expected: dict[str, int] = {}
    for day in days:
        late_on = (last_day_of_intake(day) + ONE).isoformat()
        expected[late_on] = expected.get(late_on, 0) + 1
    assert overdue_from() == expected
    assert expected["2023-01-28"] == 8  # all that was sent from 19 to 26 January
    assert expected["2026-01-06"] == 4  # from 1 to 4 January
    check_measures()


def test_the_last_day_of_intake_is_the_due_day_of_one_working_day() -> None:
    folder = Settings.load().catalog_dir
    days = [date(year, 1, 1) + number * ONE for year in REST for number in range(70)]
    worked = [day for day in days if not is_rest(day)]
    found = due_dates(
        np.array(worked, "datetime64[us]") + np.timedelta64(9, "h"), [1], "working_days", due_rules(folder).rules[0],
        working_calendar(folder),
    )  # fmt: skip
    assert found.due_on.tolist() == [last_day_of_intake(day) for day in worked]


def test_a_changed_calendar_counts_late_intake_anew_the_next_time_measures_are_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    friday = date(2023, 10, 6)
    consolidate_batches([validated_batch([waiting(friday)])])
    build_measures()
    assert overdue_from() == {"2023-10-10": 1}
    assert "calendar changed" not in caplog.text  # nothing was counted by another one
    before = measures()
    shutil.copytree(Settings.load().catalog_dir, tmp_path / "catalog")
    table = tmp_path / "catalog" / "calendar" / "swapped_days.csv"
    with table.open("a", encoding="utf-8") as lines:
        lines.write("2023-10-09,rest,made up,test\n")
    monkeypatch.setenv("MOTCUA_CATALOG", str(tmp_path / "catalog"))
    check_measures()  # takes the calendar too
    assert overdue_from() == {"2023-10-11": 1}
    assert {key for key in measures() if key[2] == "intake_awaited"} == {(COMMUNE, "2023-10-06", "intake_awaited")}
    assert len(measures()) == len(before)
    assert "The working calendar changed on 3 days" in caplog.text  # 7 and 8 October lead to the 10th now too
    with store_engine().connect() as store:
        told = store.execute(text("select unit_id, changed_from from recount")).all()
    assert told == [(COMMUNE, date(2023, 10, 10))]  # editions of these days are made anew
    caplog.clear()
    build_measures()
    assert "calendar changed" not in caplog.text
